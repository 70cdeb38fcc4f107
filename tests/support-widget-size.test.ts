import { readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"

/** What visitors load, the client in it, compressed. */
const MAX_BYTES = 30 * 1024

test("the widget weighs at most 30 KiB compressed, and is one script without imports or schemas", () => {
  const text = readFileSync(new URL("../apps/support/dist/widget.js", import.meta.url), "utf8")
  expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(MAX_BYTES)
  expect(text).not.toMatch(/\bimport\s*\(|\bimport\s*["'{]|valibot|node:/)
})
