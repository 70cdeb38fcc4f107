import { parentPort, workerData } from "node:worker_threads"
import { campaign } from "./campaign.ts"

/** What a worker is asked: some inputs of a seed. */
export interface Task {
  readonly seed: string
  readonly from: number
  readonly to: number
  readonly only: readonly string[]
}

/** The number of the input under way, for whoever waits for this worker. */
const underWay = new BigInt64Array(workerData as SharedArrayBuffer)

parentPort?.on("message", async (task: Task) => {
  const report = await campaign({ ...task, onInput: (index) => Atomics.store(underWay, 0, BigInt(index)) })
  parentPort?.postMessage(report)
})
