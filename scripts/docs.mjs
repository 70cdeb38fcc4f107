// The parts of the pages that code and figures already say. `node scripts/docs.mjs` writes them, `--check` fails where they are stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { fill } from "./docs/parts.mjs"
import { openSources } from "./docs/sources.mjs"

/** Pages with generated parts between what people wrote; all but the protocol's exist in both languages. */
const FILES = [
  "docs/protocol.md",
  ...["README", "docs/guarantees", "docs/http-api", "docs/config", "docs/cli", "docs/presence", "docs/deploying", "docs/brokers"].flatMap(
    (page) => [`${page}.md`, `${page}.zh-TW.md`],
  ),
]

/**
 * Files that are generated as a whole.
 * @type {Readonly<Record<string, (sources: import("./docs/parts.mjs").Sources) => string>>}
 */
const WHOLE = { "docs/openapi.json": ({ description }) => `${JSON.stringify(description, null, 2)}\n` }

/**
 * One line for each document that does not say what code and figures say.
 * @param {string} root
 * @returns {Promise<string[]>}
 */
export async function staleDocs(root) {
  return (await outdated(root)).map(({ file, problem = "is stale: run `node scripts/docs.mjs`" }) => `${file} ${problem}`)
}

/** @typedef {{ file: string, filled?: string, problem?: string }} Outdated */

async function outdated(/** @type {string} */ root) {
  const sources = await openSources(root)
  const read = (/** @type {string} */ file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "")
  /** @returns {Outdated | undefined} */
  const look = (/** @type {string} */ file) => {
    try {
      const filled = WHOLE[file]?.(sources) ?? fill(read(file), sources, file.endsWith(".zh-TW.md") ? "zh-TW" : "en")
      return filled === read(file) ? undefined : { file, filled }
    } catch (failure) {
      return { file, problem: `cannot be generated: ${failure instanceof Error ? failure.message : failure}` }
    }
  }
  return [...FILES, ...Object.keys(WHOLE)].map(look).filter((found) => found !== undefined)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url))
  const stale = await outdated(root)
  const checking = process.argv.includes("--check")
  for (const { file, filled, problem } of stale) {
    if (filled !== undefined && !checking) writeFileSync(join(root, file), filled)
    console.log(`${file} ${problem ?? (checking ? "is stale: run `node scripts/docs.mjs`" : "was written")}`)
  }
  if (stale.some(({ problem }) => checking || problem !== undefined)) process.exitCode = 1
}
