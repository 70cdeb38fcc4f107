import { type Env, MagpieError, type Timer } from "@magpie/protocol"
import type { PartitionLog } from "./partition-log.ts"

/** How long a client that is ahead of this node waits for it. */
export const BEHIND_WAIT_MS = 5_000
const RETRY_AFTER_MS = 500

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: MagpieError) => void
}

/**
 * Waits until this node has applied what was in the partition at the time of asking. An entry of its own shows that: when it
 * comes back, everything before it has come too. One is under way at a time, and lets through those who asked before it was
 * handed in; who asks meanwhile shares the next one, so that many clients cost the broker one entry.
 */
export class Barrier {
  readonly #env: Env
  readonly #partition: PartitionLog
  #next = new Set<Waiting>()
  /** Those whom the entry under way lets through; some may have given up. */
  #now: Set<Waiting> | undefined
  #timer: Timer | undefined
  #passed = 0
  #closed = false

  constructor(env: Env, partition: PartitionLog) {
    this.#env = env
    this.#partition = partition
  }

  /** How many were let through. */
  get passed(): number {
    return this.#passed
  }

  /** Fails with UNAVAILABLE after `BEHIND_WAIT_MS`. */
  pass(): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      const timer = this.#env.clock.setTimer(BEHIND_WAIT_MS, () => waiting.reject(unavailable()))
      const waiting: Waiting = {
        resolve: () => {
          timer.cancel()
          this.#passed++
          resolve()
        },
        reject: (error) => {
          timer.cancel()
          this.#next.delete(waiting)
          this.#now?.delete(waiting)
          reject(error)
        },
      }
      this.#next.add(waiting)
      this.#begin()
    })
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const waiting of [...(this.#now ?? []), ...this.#next]) waiting.reject(unavailable())
  }

  #begin(): void {
    if (this.#closed || this.#now !== undefined || this.#next.size === 0 || this.#timer !== undefined) return
    const now = this.#next
    this.#now = now
    this.#next = new Set()
    const entry = { type: "clock", at: Math.floor(this.#env.clock.now()) } as const
    this.#partition.submit(entry, true).then(
      // A node that builds its state anew has applied the entry without knowing the rest.
      () => (this.#partition.isReady ? this.#letThrough(now) : this.#again(now)),
      () => this.#again(now),
    )
  }

  #letThrough(now: ReadonlySet<Waiting>): void {
    this.#now = undefined
    for (const waiting of now) waiting.resolve()
    this.#begin()
  }

  #again(now: ReadonlySet<Waiting>): void {
    this.#now = undefined
    this.#next = new Set([...now, ...this.#next])
    if (this.#closed || this.#next.size === 0) return
    this.#timer = this.#env.clock.setTimer(RETRY_AFTER_MS, () => {
      this.#timer = undefined
      this.#begin()
    })
  }
}

function unavailable(): MagpieError {
  return new MagpieError("UNAVAILABLE", "this node is behind the position", { retryAfterMs: RETRY_AFTER_MS })
}
