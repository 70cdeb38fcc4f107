// Runs one plan again and prints everything that happens.
import { readFileSync } from "node:fs"

const LONGEST = 300

/** @returns {Promise<boolean>} whether everything held */
export async function replay(/** @type {string} */ bundle, /** @type {string} */ file) {
  const { runCompared } = await import(bundle)
  const { violation, hash } = await runCompared(JSON.parse(readFileSync(file, "utf8")), {
    tell: (/** @type {number} */ atMs, /** @type {string} */ who, /** @type {string} */ what) =>
      console.log(`${atMs.toFixed(1).padStart(10)} ${who.padEnd(8)} ${what.slice(0, LONGEST)}`),
  })
  console.log(violation === undefined ? `nothing broke (hash ${hash})` : `broke ${violation.message} (hash ${hash})`)
  return violation === undefined
}
