import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { CLOSE_MEANINGS, ERROR_REMEDIES } from "@magpie/protocol"
import { build } from "esbuild"
import { expect, test } from "vitest"

/** What the client may weigh in a page, minified and compressed. */
const MAX_BYTES = 12_288

test("the client weighs at most 12 KiB in a page, without the texts that only documents need", async () => {
  const { outputFiles, warnings } = await build({
    entryPoints: [fileURLToPath(new URL("../packages/client/src/index.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["magpie-source", "browser"],
  })
  const text = outputFiles[0]?.text ?? ""
  expect(warnings).toEqual([])
  expect(text).toContain("no welcome within")
  for (const unwanted of [...Object.values(ERROR_REMEDIES), ...Object.values(CLOSE_MEANINGS)]) expect(text).not.toContain(unwanted)
  expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(MAX_BYTES)
})
