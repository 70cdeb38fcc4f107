// Shows that the simulation can see: plants known defects in the sources, one at a time, and counts the seeds until each is caught.
import { rmSync } from "node:fs"
import { dirname } from "node:path"
import { bundleSimulation } from "./bundle.mjs"
import { DEFECTS } from "./defects.mjs"
import { keepPlanted } from "./keep.mjs"
import { runSeeds } from "./pool.mjs"

/** Runs from different first seeds, whose median is told. */
const ATTEMPTS = 3
/** A defect that no run of so many seeds catches has survived. */
const SEEDS_PER_ATTEMPT = 200
const APART = 10_000
const CHUNK = 2

/**
 * @param {{ root: string, json: boolean, write: boolean, only?: string, first: number }} options
 * @returns {Promise<boolean>} whether each was caught
 */
export async function runPlanted({ root, json, write, only, first }) {
  const chosen = DEFECTS.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0) throw new RangeError(`no such defect: ${only}; there are ${DEFECTS.map(({ name }) => name).join(", ")}`)
  const results = []
  for (const defect of chosen) {
    const result = await runDefect(root, defect, first)
    results.push(result)
    const { name, caught, medianSeeds, invariants } = result
    const told = caught ? `caught after ${String(medianSeeds).padStart(3)} seeds (${invariants.join(", ")})` : "SURVIVED"
    console.log(`${name.padEnd(36)} ${told}`)
  }
  const caught = results.filter((result) => result.caught).length
  console.log(`\n${caught} of ${results.length} planted defects caught`)
  if (write) console.log(`wrote ${await keepPlanted(root, results, only)}`)
  if (json) console.log(JSON.stringify({ planted: results.length, caught, defects: results }))
  return caught === results.length
}

/** @returns {Promise<import("./keep.mjs").Caught>} */
async function runDefect(/** @type {string} */ root, /** @type {import("./defects.mjs").Defect} */ defect, /** @type {number} */ first) {
  const bundle = await bundleSimulation(root, defect)
  const attempts = []
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) attempts.push(await seedsToCatch(bundle, first + attempt * APART))
  } finally {
    rmSync(dirname(bundle), { recursive: true, force: true })
  }
  const counts = attempts.map(({ seeds }) => seeds).sort((a, b) => a - b)
  const medianSeeds = counts[Math.floor(counts.length / 2)] ?? Number.POSITIVE_INFINITY
  const invariants = [...new Set(attempts.map(({ invariant }) => invariant).filter((name) => name !== undefined))]
  return { name: defect.name, caught: Number.isFinite(medianSeeds), medianSeeds, invariants }
}

async function seedsToCatch(/** @type {string} */ bundle, /** @type {number} */ first) {
  let seeds = Number.POSITIVE_INFINITY
  /** @type {string | undefined} */
  let invariant
  await runSeeds({
    bundle,
    first,
    seeds: SEEDS_PER_ATTEMPT,
    chunk: CHUNK,
    onResult({ seed, violation }) {
      if (violation === undefined || seed - first + 1 >= seeds) return
      seeds = seed - first + 1
      invariant = violation.invariant
    },
    done: () => Number.isFinite(seeds),
  })
  return { seeds, invariant }
}
