import { Worker } from "node:worker_threads"
import { MagpieError } from "@magpie/protocol"
import type { UpdateJoiner } from "../documents/update-joiner.ts"

/** Also where this file runs from its source: a worker of Node 20 reads no TypeScript. */
const WORKER = new URL(import.meta.url.replace("/src/", "/dist/").replace(/worker-joiner\.[jt]s$/, "update-worker.js"))
const HEAP_MB = 256
/** Without anything to do for so long, the thread ends; the next work begins another one. */
const IDLE_MS = 30_000

interface Answer {
  readonly id: number
  readonly joined?: string
  readonly problem?: string
}

/**
 * Joins updates in a worker thread, which is begun with the first of them. One that takes too long, or more memory than it may,
 * is ended, and what else it had fails with it.
 */
export function workerJoiner(worker = WORKER): UpdateJoiner {
  const waiting = new Map<number, (answer: Answer | MagpieError) => void>()
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let lastId = 0
  let isClosed = false

  function begin(): Worker {
    // Without the conditions of this process: it is built files that the worker reads.
    const its = new Worker(worker, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    its.unref()
    its.on("message", (answer: Answer) => waiting.get(answer.id)?.(answer))
    its.on("error", (cause) => lost(its, new MagpieError("UNAVAILABLE", "the worker for documents failed; is yjs installed?", { cause })))
    its.on("exit", () => lost(its, new MagpieError("UNAVAILABLE", "the worker for documents ended")))
    return its
  }

  function lost(its: Worker, error: MagpieError): void {
    if (thread !== its) return
    thread = undefined
    for (const answer of [...waiting.values()]) answer(error)
  }

  async function end(error: MagpieError): Promise<void> {
    clearTimeout(idle)
    const its = thread
    if (its === undefined) return
    lost(its, error)
    await its.terminate()
  }

  return {
    join(updates, timeoutMs) {
      if (isClosed) return Promise.reject(new MagpieError("CLOSED", "the server was closed"))
      clearTimeout(idle)
      thread ??= begin()
      const id = ++lastId
      thread.postMessage({ id, updates })
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => void end(new MagpieError("TIMEOUT", `a document took more than ${timeoutMs} ms`)), timeoutMs)
        waiting.set(id, (answer) => {
          clearTimeout(late)
          waiting.delete(id)
          if (waiting.size === 0 && thread !== undefined) idle = setTimeout(() => void end(new MagpieError("UNAVAILABLE", "idle")), IDLE_MS)
          idle?.unref()
          if (answer instanceof MagpieError) reject(answer)
          else if (answer.joined === undefined) reject(new MagpieError("DOC_REJECTED", `Yjs cannot join these updates: ${answer.problem}`))
          else resolve(answer.joined)
        })
      })
    },
    close() {
      isClosed = true
      return end(new MagpieError("CLOSED", "the server was closed"))
    },
  }
}
