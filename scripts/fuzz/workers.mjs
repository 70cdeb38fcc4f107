import { Worker } from "node:worker_threads"

/** Inputs that a worker is given at a time. */
const CHUNK = 20_000
/** So long may one input take before it is said to hang. Far more than any budget, and far less than a person waits. */
const HANG_MS = 60_000
const PROGRESS_EVERY = 10_000_000

/**
 * @typedef {{ inputs: number, accepted: number, slowestMs: number }} Count
 * @typedef {{ target: string, seed: string, index: number, problem: string, input?: string | Uint8Array }} Failure
 * @typedef {{ counts: Record<string, Count>, failures: Failure[], hash: number }} Report
 */

/**
 * Feeds all inputs with so many workers, and adds up what they report. A worker that dies or hangs is a failure of the input
 * that it had.
 * @param {{ worker: string, inputs: number, seed: string, only: readonly string[], count: number, say: (line: string) => void }} options
 * @returns {Promise<Report>}
 */
export async function runWorkers({ worker, inputs, seed, only, count, say }) {
  /** @type {Report} */
  const total = { counts: {}, failures: [], hash: 0 }
  let next = 0
  let told = 0

  function take() {
    if (next >= inputs) return undefined
    const task = { seed, from: next, to: Math.min(inputs, next + CHUNK), only }
    next = task.to
    if (next - told >= PROGRESS_EVERY) {
      told = next
      say(`${next.toLocaleString("en")} …`)
    }
    return task
  }

  async function work() {
    let live = start(worker)
    for (let task = take(); task !== undefined; task = take()) {
      const report = await live.feed(task)
      if ("counts" in report) add(total, report)
      else {
        total.failures.push({ target: "worker", seed, ...report })
        await live.stop()
        live = start(worker)
      }
    }
    await live.stop()
  }

  await Promise.all(Array.from({ length: Math.max(1, Math.min(count, Math.ceil(inputs / CHUNK))) }, work))
  return total
}

function start(/** @type {string} */ file) {
  const shared = new SharedArrayBuffer(8)
  const underWay = new BigInt64Array(shared)
  const worker = new Worker(file, { workerData: shared })
  return {
    stop: () => worker.terminate(),
    /** @param {object} task @returns {Promise<Report | { index: number, problem: string }>} */
    feed(task) {
      return new Promise((resolve) => {
        let seen = -1n
        const failed = (/** @type {string} */ problem) => finish({ index: Number(Atomics.load(underWay, 0)), problem })
        const onError = (/** @type {unknown} */ error) => failed(`lets nothing escape: ${error}`)
        const watch = setInterval(() => {
          const now = Atomics.load(underWay, 0)
          if (now === seen) failed(`comes back within ${HANG_MS / 1_000} s`)
          seen = now
        }, HANG_MS)
        const finish = (/** @type {Report | { index: number, problem: string }} */ result) => {
          clearInterval(watch)
          worker.off("message", finish)
          worker.off("error", onError)
          resolve(result)
        }
        worker.on("message", finish)
        worker.on("error", onError)
        worker.postMessage(task)
      })
    },
  }
}

function add(/** @type {Report} */ total, /** @type {Report} */ report) {
  total.hash = (total.hash + report.hash) >>> 0
  total.failures.push(...report.failures.filter((failure) => !total.failures.some((known) => sameFailure(known, failure))))
  for (const [name, { inputs, accepted, slowestMs }] of Object.entries(report.counts)) {
    total.counts[name] ??= { inputs: 0, accepted: 0, slowestMs: 0 }
    const count = total.counts[name]
    count.inputs += inputs
    count.accepted += accepted
    count.slowestMs = Math.max(count.slowestMs, slowestMs)
  }
}

function sameFailure(/** @type {Failure} */ a, /** @type {Failure} */ b) {
  return a.target === b.target && a.problem === b.problem
}
