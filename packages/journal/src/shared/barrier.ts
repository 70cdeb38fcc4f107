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
 * comes back, everything before it has come too. Those who ask meanwhile share the next one, so that many clients cost the
 * broker one entry.
 */
export class Barrier {
  readonly #env: Env
  readonly #partition: PartitionLog
  #next: Waiting[] = []
  #now: Waiting[] = []
  #timer: Timer | undefined

  constructor(env: Env, partition: PartitionLog) {
    this.#env = env
    this.#partition = partition
  }

  /** Fails with UNAVAILABLE after `BEHIND_WAIT_MS`. */
  pass(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#env.clock.setTimer(BEHIND_WAIT_MS, () => waiting.reject(unavailable()))
      const waiting: Waiting = {
        resolve() {
          timer.cancel()
          resolve()
        },
        reject: (error) => {
          timer.cancel()
          this.#next = this.#next.filter((one) => one !== waiting)
          this.#now = this.#now.filter((one) => one !== waiting)
          reject(error)
        },
      }
      this.#next.push(waiting)
      this.#begin()
    })
  }

  close(): void {
    this.#timer?.cancel()
    for (const waiting of [...this.#now, ...this.#next]) waiting.reject(unavailable())
  }

  #begin(): void {
    if (this.#now.length > 0 || this.#next.length === 0 || this.#timer !== undefined) return
    this.#now = this.#next
    this.#next = []
    const entry = { type: "clock", at: Math.floor(this.#env.clock.now()) } as const
    this.#partition.submit(entry, true).then(
      () => this.#passed(),
      () => this.#again(),
    )
  }

  #passed(): void {
    // A node that builds its state anew has applied the entry without knowing the rest.
    if (!this.#partition.isReady) return this.#again()
    for (const waiting of this.#now) waiting.resolve()
    this.#now = []
    this.#begin()
  }

  #again(): void {
    this.#next = [...this.#now, ...this.#next]
    this.#now = []
    if (this.#next.length === 0) return
    this.#timer = this.#env.clock.setTimer(RETRY_AFTER_MS, () => {
      this.#timer = undefined
      this.#begin()
    })
  }
}

function unavailable(): MagpieError {
  return new MagpieError("UNAVAILABLE", "this node is behind the position", { retryAfterMs: RETRY_AFTER_MS })
}
