import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { CLOSE_MEANINGS, ERROR_REMEDIES } from "@magpie/protocol"
import { build } from "esbuild"
import { expect, test } from "vitest"

/** What the client may weigh in a page, minified and compressed. */
const MAX_BYTES = 12_288
/** What each entry beside the core may add to that. */
const MAX_ADDED_BYTES = {
  persistent: 4_096,
  sends: 1_024,
  inbox: 3_584,
  presence: 3_328,
  transports: 6_144,
  changes: 2_816,
  table: 2_560,
  command: 6_656,
  document: 6_144,
}

/** Of a package of its own. */
const MAX_MSGPACK_BYTES = 8_192

const source = (entry: string): string => fileURLToPath(new URL(`../packages/client/src/${entry}`, import.meta.url))

/** A page's bundle of everything that these entries export. */
async function bundled(...entries: string[]): Promise<string> {
  const [only = "", ...more] = entries.map(source)
  const contents = entries.map((entry) => `export * from ${JSON.stringify(source(entry))}`).join("\n")
  const { outputFiles, warnings } = await build({
    ...(more.length === 0 ? { entryPoints: [only] } : { stdin: { contents, resolveDir: source("") } }),
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["magpie-source", "browser"],
    // Whoever has documents has it anyway, for the editor.
    external: ["yjs"],
  })
  expect(warnings).toEqual([])
  return outputFiles[0]?.text ?? ""
}

const weightOf = (text: string): number => gzipSync(text, { level: 9 }).byteLength

test("the client weighs at most 12 KiB in a page, without the texts that only documents need", async () => {
  const text = await bundled("index.ts")
  expect(text).toContain("no welcome within")
  for (const unwanted of [...Object.values(ERROR_REMEDIES), ...Object.values(CLOSE_MEANINGS)]) expect(text).not.toContain(unwanted)
  expect(weightOf(text)).toBeLessThanOrEqual(MAX_BYTES)
})

test.each(Object.entries(MAX_ADDED_BYTES))(
  "the entry %s adds at most %i bytes, in a page as everywhere without Node",
  async (entry, max) => {
    const text = await bundled("index.ts", `${entry}/index.ts`)
    expect(text).not.toMatch(/node:|from"(fs|path|zlib)/)
    expect(weightOf(text) - weightOf(await bundled("index.ts"))).toBeLessThanOrEqual(max)
  },
)

test("the codec of @magpie/msgpack adds at most 8 KiB, and nothing to a page without it", async () => {
  const text = await bundled("index.ts", "../../msgpack/src/index.ts")
  expect(weightOf(text) - weightOf(await bundled("index.ts"))).toBeLessThanOrEqual(MAX_MSGPACK_BYTES)
  expect(await bundled("index.ts")).not.toMatch(/msgpack/i)
})
