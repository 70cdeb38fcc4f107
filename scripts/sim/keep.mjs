// Keeps the simulation's figures in the file that the pages are made from: `runs` from seeds, `planted` from planted defects, `fuzz` from hostile inputs.
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { DEFECTS } from "./defects.mjs"

/**
 * @typedef {typeof import("../../tests/chaos/record.ts")} Records
 * @typedef {{ name: string, caught: boolean, medianSeeds: number, invariants: readonly string[] }} Caught
 * @typedef {ReturnType<ReturnType<typeof import("./tally.mjs").createTally>["summary"]>} Summary
 */

const FILE = "docs/simulation.json"

/**
 * @param {string} root
 * @param {Summary} summary
 * @param {{ firstSeed: number, seconds: number }} run
 * @returns {Promise<string>} the file
 */
export function keepRuns(root, { sometimes: _, ...summary }, run) {
  return keep(root, "runs", () => ({ ...run, ...summary }))
}

/**
 * `one`: only this defect was run, and the others keep their figures.
 * @param {string} root
 * @param {readonly Caught[]} results
 * @param {string} [one]
 * @returns {Promise<string>} the file
 */
export function keepPlanted(root, results, one) {
  return keep(root, "planted", (before) => {
    const known = one === undefined ? [] : (before?.defects ?? [])
    const rows = DEFECTS.flatMap(({ name }) => [...results, ...known].find((row) => row.name === name) ?? [])
    return { known: DEFECTS.length, planted: rows.length, caught: rows.filter(({ caught }) => caught).length, defects: rows }
  })
}

/**
 * @param {string} root
 * @param {{ inputs: number, targets: number, failures: number, seconds: number, slowestMsPer64KiB: number, mostTimesTheLimit: number,
 *   mostTimesInAll: number }} figures
 * @returns {Promise<string>} the file
 */
export function keepFuzz(root, figures) {
  return keep(root, "fuzz", () => figures)
}

/**
 * @param {string} root
 * @param {"runs" | "planted" | "fuzz"} part the others stay as they were
 * @param {(before: { readonly defects?: readonly Caught[] } | undefined) => object} figures
 */
async function keep(root, part, figures) {
  const { changeRecord, commandOf, thisMachine, today } = await records()
  const run = { date: today(), machine: thisMachine(), command: commandOf("sim") }
  changeRecord(join(root, FILE), (before) => {
    const its = /** @type {Parameters<typeof figures>[0]} */ (before[part])
    return { ...before, [part]: { ...run, ...figures(its) } }
  })
  return FILE
}

/** What `npm run chaos` keeps its figures with. @returns {Promise<Records>} */
async function records() {
  const entry = fileURLToPath(new URL("../../tests/chaos/record.ts", import.meta.url))
  const options = /** @type {const} */ ({ bundle: true, format: "esm", platform: "node", target: "node20", write: false })
  const { outputFiles } = await build({ entryPoints: [entry], ...options })
  const code = outputFiles.map(({ text }) => text).join("")
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`)
}
