import { join } from "node:path"
import { buildSync } from "esbuild"

/** Packages with binaries, or that read their own files: they stay where they are. */
const EXTERNAL = ["jose", "lmdb", "ws"]

/**
 * Makes the sources of tests/fuzz, and of everything that they test, into files that Node runs. Takes a moment, and no build.
 * @param {string} root
 */
export function bundle(root) {
  const folder = join(root, "node_modules", ".cache", "magpie-fuzz")
  buildSync({
    absWorkingDir: root,
    entryPoints: { main: "tests/fuzz/main.ts", worker: "tests/fuzz/worker.ts" },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["magpie-source"],
    external: EXTERNAL,
    logLevel: "error",
  })
  return { main: join(folder, "main.mjs"), worker: join(folder, "worker.mjs") }
}
