// Spreads seeds over worker threads, one for each core.
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"

const CHUNK = 10
/** Most of what a run makes is garbage before its turn ends; with room for it, an eighth of the time is saved. */
const YOUNG_MB = 192

/** @typedef {import("../../packages/testing/src/simulation/run-plan.ts").RunResult} RunResult */

/**
 * Runs seeds until they are through or `done` says so. Results come in the order of their end.
 * @param {{ bundle: string, plans?: import("../../packages/testing/src/simulation/plan.ts").PlanOptions, first: number, seeds: number, maxSteps?: number, chunk?: number, onResult: (result: RunResult) => void, done: () => boolean }} options
 */
export async function runSeeds({ bundle, plans = {}, first, seeds, maxSteps, chunk = CHUNK, onResult, done }) {
  let next = first
  const end = first + seeds
  const threads = Math.max(1, Math.min(availableParallelism(), Math.ceil(seeds / chunk)))

  async function thread() {
    const worker = new Worker(new URL("worker.mjs", import.meta.url), {
      workerData: { bundle, plans },
      execArgv: ["--enable-source-maps"],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    try {
      while (next < end && !done()) {
        const from = next
        const count = Math.min(chunk, end - from)
        next += count
        for (const result of await ask(worker, { from, count, maxSteps })) onResult(result)
      }
    } finally {
      await worker.terminate()
    }
  }

  await Promise.all(Array.from({ length: threads }, thread))
}

/** @returns {Promise<RunResult[]>} */
function ask(/** @type {Worker} */ worker, /** @type {object} */ question) {
  return new Promise((resolve, reject) => {
    worker.once("error", reject)
    worker.once("message", (results) => {
      worker.off("error", reject)
      resolve(results)
    })
    worker.postMessage(question)
  })
}
