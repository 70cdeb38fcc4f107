// Runs seeds in a thread of its own. What would bring in the real world is taken away first.
import { parentPort, workerData } from "node:worker_threads"

const { planOf, runCompared, runPlan } = await import(workerData.bundle)
if (parentPort === null) throw new Error("this module is a worker's")
const port = parentPort
const HASHED_TWICE_EVERY = 50
/** What a hostile client changes for the others is looked at where it costs three further runs. */
const COMPARED_EVERY = 40
/** Traces cost a twentieth of a run; only what nobody handled is told with one. */
const TRACE_LIMIT = Error.stackTraceLimit
Error.stackTraceLimit = 0

/** @type {Error | undefined} */
let escaped
process.on("unhandledRejection", (failure) => {
  escaped = failure instanceof Error ? failure : new Error(String(failure))
})
denyTheRealWorld()

/** @typedef {import("../../packages/testing/src/simulation/run-plan.ts").RunResult} RunResult */

port.on("message", async (/** @type {{ from: number, count: number, maxSteps?: number }} */ { from, count, maxSteps }) => {
  /** @type {RunResult[]} */
  const results = []
  for (let seed = from; seed < from + count; seed++) results.push(await run(seed, maxSteps))
  port.postMessage(results)
})

const plan = (/** @type {number} */ seed) => planOf(seed, workerData.plans)

/** @returns {Promise<RunResult>} */
async function run(/** @type {number} */ seed, /** @type {number | undefined} */ maxSteps) {
  escaped = undefined
  const result = await (seed % COMPARED_EVERY === 0 ? runCompared : runPlan)(plan(seed), { maxSteps })
  if (escaped !== undefined) return broken(result, "I21", `nobody handled: ${await traceOf(seed, maxSteps, escaped)}`)
  if (seed % HASHED_TWICE_EVERY !== 0 || result.violation !== undefined) return result
  const again = await runPlan(plan(seed), { maxSteps })
  return again.hash === result.hash ? result : broken(result, "hash", "two runs of the seed went different ways")
}

/** The same run goes the same way, so the same error comes again. */
async function traceOf(/** @type {number} */ seed, /** @type {number | undefined} */ maxSteps, /** @type {Error} */ first) {
  Error.stackTraceLimit = TRACE_LIMIT
  escaped = first
  await runPlan(plan(seed), { maxSteps })
  Error.stackTraceLimit = 0
  return escaped.stack
}

function broken(/** @type {RunResult} */ result, /** @type {string} */ invariant, /** @type {string} */ message) {
  return { ...result, violation: { invariant, message, atMs: 0 } }
}

function denyTheRealWorld() {
  const deny = (/** @type {string} */ name) => () => {
    throw new Error(`${name} was used under simulation`)
  }
  for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch", "queueMicrotask"]) Reflect.set(globalThis, name, deny(name))
  Date.now = deny("Date.now")
  Math.random = deny("Math.random")
  performance.now = deny("performance.now")
}
