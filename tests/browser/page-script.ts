import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const SOURCES = fileURLToPath(new URL("../../packages/client/src/", import.meta.url))

/** A script for a page, in which `magpie` has what these lines export from the client's sources. */
export async function bundlePageScript(exports: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: exports, resolveDir: SOURCES },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "magpie",
    platform: "browser",
    conditions: ["magpie-source", "browser"],
  })
  return outputFiles[0]?.text ?? ""
}
