// The parts of the pages that code and figures already say. `node scripts/docs.mjs` writes them, `--check` fails where they are stale.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { openFigures } from "./docs/figures.mjs"
import { fill } from "./docs/parts.mjs"

const FILES = ["README.md", "README.zh-TW.md", "docs/guarantees.md", "docs/guarantees.zh-TW.md", "docs/protocol.md"]

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
  const protocol = await import(pathToFileURL(join(root, "packages/protocol/dist/index.js")).href)
  const sources = { protocol, figures: openFigures(root) }
  /** @returns {Outdated | undefined} */
  const look = (/** @type {string} */ file) => {
    const text = readFileSync(join(root, file), "utf8")
    try {
      const filled = fill(text, sources, file.endsWith(".zh-TW.md") ? "zh-TW" : "en")
      return filled === text ? undefined : { file, filled }
    } catch (failure) {
      return { file, problem: `cannot be generated: ${failure instanceof Error ? failure.message : failure}` }
    }
  }
  return FILES.map(look).filter((found) => found !== undefined)
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
