// Runs seeds, and makes of each failure a small plan that replays.
import { mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { keepRuns } from "./keep.mjs"
import { runSeeds } from "./pool.mjs"
import { createTally } from "./tally.mjs"

/** After so many failures the rest would only say the same. */
const ENOUGH_FAILURES = 3
const FAILURES = ".magpie/sim"

/**
 * @param {{ bundle: string, root: string, plans: import("../../packages/testing/src/simulation/plan.ts").PlanOptions, seeds: number, first: number, maxSteps?: number, json: boolean, write: boolean }} options
 * @returns {Promise<boolean>}
 */
export async function explore({ bundle, root, plans, seeds, first, maxSteps, json, write }) {
  const { ALL_FAULT_KINDS, FAULT_KINDS } = await import(bundle)
  const tally = createTally()
  const started = performance.now()
  let told = started
  await runSeeds({
    bundle,
    plans,
    first,
    seeds,
    maxSteps,
    onResult(result) {
      tally.add(result)
      if (performance.now() - told < 10_000) return
      told = performance.now()
      console.error(`sim: ${tally.seeds} of ${seeds} seeds, ${tally.violations.length} violations`)
    },
    done: () => tally.violations.length >= ENOUGH_FAILURES,
  })
  if (seeds === 1) await tell(bundle, first, plans)
  const summary = tally.summary()
  const blind = tally.blindSpots(Object.keys(plans.transports ? ALL_FAULT_KINDS : FAULT_KINDS))
  const seconds = (performance.now() - started) / 1_000
  report(summary, seconds)
  for (const spot of blind) console.log(`NOT REACHED ${spot}`)
  for (const failure of tally.violations.slice(0, ENOUGH_FAILURES)) await explain(bundle, root, failure, plans)
  if (write) console.log(`wrote ${await keepRuns(root, summary, { firstSeed: first, seconds })}`)
  if (json) console.log(JSON.stringify(summary))
  return summary.violations === 0 && blind.length === 0
}

function report(/** @type {ReturnType<ReturnType<typeof createTally>["summary"]>} */ summary, /** @type {number} */ seconds) {
  const { seeds, steps, operations, faults, violations, hash, faultsByKind } = summary
  const figures = { seeds, steps, operations, faults, violations }
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(12)} ${value.toLocaleString("en").padStart(14)}`)
  console.log(
    `${"hash".padEnd(12)} ${hash.padStart(14)}\n${"seconds".padEnd(12)} ${seconds.toFixed(1).padStart(14)}\n\nfaults that struck something under way`,
  )
  for (const [kind, count] of Object.entries(faultsByKind)) console.log(`  ${kind.padEnd(16)} ${count.toLocaleString("en").padStart(10)}`)
}

/** Whoever runs one seed wants to see what happens in it. */
async function tell(
  /** @type {string} */ bundle,
  /** @type {number} */ seed,
  /** @type {import("../../packages/testing/src/simulation/plan.ts").PlanOptions} */ plans,
) {
  const { planOf } = await import(bundle)
  const { setup, actions, faults } = planOf(seed, plans)
  const { nodes, clients, durationMs, limits, ...rest } = setup
  console.log(
    `seed ${seed}: ${nodes} nodes, ${clients} clients, ${durationMs / 1_000} s, ${actions.length} actions, ${faults.length} faults`,
  )
  console.log(`  ${JSON.stringify({ ...rest, ...limits })}`)
  list(faults)
  console.log("")
}

/** @param {import("../../packages/testing/src/simulation/plan.ts").Plan["faults"]} faults */
function list(faults) {
  for (const { at, kind, target, forMs } of faults)
    console.log(`  at ${Math.round(at)} ms  ${kind} of ${target}${forMs > 0 ? ` for ${Math.round(forMs)} ms` : ""}`)
}

/** Says what broke, shrinks its plan and keeps it. */
async function explain(
  /** @type {string} */ bundle,
  /** @type {string} */ root,
  /** @type {import("./tally.mjs").RunResult} */ failure,
  /** @type {import("../../packages/testing/src/simulation/plan.ts").PlanOptions} */ plans,
) {
  const { planOf, shrink } = await import(bundle)
  console.log(`\nseed ${failure.seed} broke ${failure.violation?.message}`)
  const { plan, result, runs } = await shrink(planOf(failure.seed, plans), failure)
  mkdirSync(join(root, FAILURES), { recursive: true })
  const file = join(root, FAILURES, `seed-${failure.seed}.json`)
  writeFileSync(file, `${JSON.stringify(plan, undefined, 1)}\n`)
  console.log(`after ${runs} runs of shrinking: ${plan.faults.length} faults, ${plan.actions.length} actions; ${result.violation?.message}`)
  list(plan.faults)
  console.log(`npm run sim -- --replay ${relative(root, file)}`)
}
