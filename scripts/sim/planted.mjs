// Shows that the simulation can see: plants known defects in the sources, one at a time, and counts the seeds until each is caught.
import { rmSync } from "node:fs"
import { dirname } from "node:path"
import { bundleSimulation } from "./bundle.mjs"
import { seedsToCatch, summaryOf } from "./catching.mjs"
import { DEFECTS } from "./defects.mjs"
import { keepPlanted } from "./keep.mjs"
import { runSeeds } from "./pool.mjs"

/** Runs from different first seeds, each of which must catch the defect. */
const ATTEMPTS = 3
/** A defect that a run of so many seeds, the length of the one in `.ci/run`, does not catch has survived. */
const SEEDS_PER_ATTEMPT = 1_600
/** All of them lie within the seeds of the long run, which show that the sound sources break none. */
const APART = 3_000
const CHUNK = 2

/** @typedef {import("../../packages/testing/src/simulation/plan.ts").PlanOptions} Plans */
/** @typedef {import("./defects.mjs").Defect} Defect */
/** @typedef {ReturnType<typeof summaryOf>} Result */

/**
 * @param {{ root: string, json: boolean, write: boolean, only?: string, first: number }} options
 * @returns {Promise<boolean>} whether each was caught
 */
export async function runPlanted({ root, json, write, only, first }) {
  const chosen = DEFECTS.filter(({ name }) => only === undefined || name === only)
  if (chosen.length === 0) throw new RangeError(`no such defect: ${only}; there are ${DEFECTS.map(({ name }) => name).join(", ")}`)
  const firstSeeds = Array.from({ length: ATTEMPTS }, (_, attempt) => first + attempt * APART)
  const sound = await bundleSimulation(root)
  const isSound = soundness(sound)
  /** @type {Result[]} */
  const results = []
  let file
  try {
    for (const defect of chosen) {
      const result = await runDefect(root, defect, firstSeeds, isSound)
      results.push(result)
      report(result)
      // At once, so that a run that is broken off leaves what it found.
      if (write) file = await keepPlanted(root, [result], firstSeeds)
    }
  } finally {
    rmSync(dirname(sound), { recursive: true, force: true })
  }
  const caught = results.filter((result) => result.caught).length
  console.log(`\n${caught} of ${results.length} planted defects caught, each in ${ATTEMPTS} runs of at most ${SEEDS_PER_ATTEMPT} seeds`)
  if (file !== undefined) console.log(`wrote ${file}`)
  if (json) console.log(JSON.stringify({ planted: results.length, caught, defects: results }))
  return caught === results.length
}

function report(/** @type {Result} */ { name, caught, medianSeeds, seeds, invariants, unsound }) {
  const missed = seeds.filter((count) => !Number.isFinite(count)).length
  const told = caught
    ? `caught after ${String(medianSeeds).padStart(3)} seeds (${invariants.join(", ")}; ${seeds.join(", ")})`
    : `SURVIVED ${missed} of ${ATTEMPTS} runs of ${SEEDS_PER_ATTEMPT} seeds`
  console.log(`${name.padEnd(42)} ${told}`)
  if (unsound.length > 0) console.log(`  not counted, because they break without the defect too: seeds ${unsound.join(", ")}`)
}

/** @returns {Promise<Result>} */
async function runDefect(
  /** @type {string} */ root,
  /** @type {Defect} */ defect,
  /** @type {readonly number[]} */ firstSeeds,
  /** @type {ReturnType<typeof soundness>} */ isSound,
) {
  const { name, transports = false, tables = false, commands = false } = defect
  const plans = { transports, tables, commands }
  const bundle = await bundleSimulation(root, defect)
  const attempts = []
  try {
    for (const its of firstSeeds) {
      attempts.push(
        await seedsToCatch({
          planted: (from, seeds) => firstBroken(bundle, plans, from, seeds),
          isSound: (seed) => isSound(seed, plans),
          first: its,
          most: SEEDS_PER_ATTEMPT,
        }),
      )
    }
  } finally {
    rmSync(bundle, { force: true })
  }
  return summaryOf(name, attempts)
}

/** Whether the sources as they are pass a seed, which is asked once for all defects. */
function soundness(/** @type {string} */ bundle) {
  /** @type {Map<string, Promise<boolean>>} */
  const known = new Map()
  return (/** @type {number} */ seed, /** @type {Plans} */ plans) => {
    const key = `${seed} ${JSON.stringify(plans)}`
    const passes = known.get(key) ?? firstBroken(bundle, plans, seed, 1).then((broken) => broken === undefined)
    known.set(key, passes)
    return passes
  }
}

/**
 * Threads take seeds in their order and finish what they took, so none before the lowest that broke is left out.
 * @returns {Promise<import("./catching.mjs").Broken | undefined>}
 */
async function firstBroken(
  /** @type {string} */ bundle,
  /** @type {Plans} */ plans,
  /** @type {number} */ first,
  /** @type {number} */ seeds,
) {
  /** @type {import("./catching.mjs").Broken | undefined} */
  let lowest
  await runSeeds({
    bundle,
    plans,
    first,
    seeds,
    chunk: CHUNK,
    onResult({ seed, violation }) {
      if (violation !== undefined && (lowest === undefined || seed < lowest.seed)) lowest = { seed, invariant: violation.invariant }
    },
    done: () => lowest !== undefined,
  })
  return lowest
}
