// Keeps the simulation's figures in the file that the pages are made from: `runs` from seeds, `planted` from planted defects, `fuzz` from hostile inputs.
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { build } from "esbuild"
import { DEFECTS } from "./defects.mjs"

/**
 * @typedef {typeof import("../../tests/chaos/record.ts")} Records
 * @typedef {{ name: string, caught: boolean, medianSeeds: number, seeds: readonly number[], invariants: readonly string[] }} Caught
 * @typedef {{ date: string, machine: ReturnType<Records["thisMachine"]>, command: string }} Run
 * @typedef {Run & { firstSeeds: readonly number[], defects: readonly Caught[] }} PlantedRun
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
  return keep(root, "runs", (_before, its) => ({ ...its, ...run, ...summary }))
}

/**
 * Each defect stands under the run that wrote it last; what others have written stays under theirs.
 * @param {string} root
 * @param {readonly Caught[]} results
 * @param {readonly number[]} firstSeeds of the attempts, in the order of each result's `seeds`
 * @returns {Promise<string>} the file
 */
export function keepPlanted(root, results, firstSeeds) {
  const rows = results.map(({ name, caught, medianSeeds, seeds, invariants }) => ({ name, caught, medianSeeds, seeds, invariants }))
  const places = new Map(DEFECTS.map(({ name }, place) => [name, place]))
  const placeOf = (/** @type {Caught} */ { name }) => places.get(name) ?? -1
  const stays = (/** @type {Caught} */ row) => placeOf(row) >= 0 && !rows.some(({ name }) => name === row.name)
  return keep(root, "planted", (/** @type {readonly PlantedRun[]} */ before = [], its) => {
    const run = { ...its, firstSeeds }
    const isThis = (/** @type {object} */ { defects: _, ...other }) => isDeepStrictEqual(other, run)
    const others = before.map((known) => ({ ...known, defects: known.defects.filter(stays) }))
    const defects = [...(others.find(isThis)?.defects ?? []), ...rows].sort((a, b) => placeOf(a) - placeOf(b))
    return [...others.filter((other) => other.defects.length > 0 && !isThis(other)), { ...run, defects }]
  })
}

/**
 * @param {string} root
 * @param {{ inputs: number, targets: number, failures: number, seconds: number, slowestMsPer64KiB: number, mostTimesTheLimit: number,
 *   mostTimesInAll: number }} figures
 * @returns {Promise<string>} the file
 */
export function keepFuzz(root, figures) {
  return keep(root, "fuzz", (_before, run) => ({ ...run, ...figures }))
}

/**
 * @param {string} root
 * @param {"runs" | "planted" | "fuzz"} part the others stay as they were
 * @param {(before: any, run: Run) => object} figures
 */
async function keep(root, part, figures) {
  const { changeRecord, commandOf, thisMachine, today } = await records()
  const run = { date: today(), machine: thisMachine(), command: commandOf("sim") }
  changeRecord(join(root, FILE), (before) => ({ ...before, [part]: figures(before[part], run) }))
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
