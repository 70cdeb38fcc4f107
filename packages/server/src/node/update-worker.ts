import { parentPort } from "node:worker_threads"
import { joinUpdates } from "../documents/join-updates.ts"

/** Runs in a thread of its own, which is ended where it takes too long. */
parentPort?.on("message", ({ id, updates }: { readonly id: number; readonly updates: readonly string[] }) => {
  try {
    parentPort?.postMessage({ id, joined: joinUpdates(updates) })
  } catch (failure) {
    parentPort?.postMessage({ id, problem: failure instanceof Error ? failure.message : "it failed" })
  }
})
