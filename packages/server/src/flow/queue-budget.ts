import type { Clock, Limits } from "@magpie/protocol"

/** What one connection holds for its other side, as far as the budget knows. */
export interface CountedQueue {
  /** Bytes that the budget was last told of. Only the budget writes it. */
  counted: number
  /** Tells the budget the present size. */
  recount(): void
  /** Ends the connection at once; what it held is gone. */
  cut(): void
}

export interface QueueBudgetOptions {
  readonly limits: Pick<Limits, "queuedBytes" | "queuedBytesTotal">
  readonly clock: Clock
  readonly queues: () => Iterable<CountedQueue>
}

/**
 * A queue may take so small a part of what is left, which is how switches share a buffer (Choudhury and Hahne, "Dynamic
 * queue length thresholds", 1998): many slow readers make each other's queues shorter, and something is always left for one
 * who has none yet.
 */
const PARTS = 64
/** Once too much is held, so much is cut that the next byte does not cut again. */
const CUT_DOWN_TO = 7 / 8
/** Where memory is scarce, only so much of the whole may be held. */
const SCARCE_PART = 1 / 4

/**
 * Bytes held for all connections together [F78]. A queue is counted when it is written to and when it is empty again, so
 * the sum may be more than what is held, never less.
 */
export class QueueBudget {
  readonly #options: QueueBudgetOptions
  #allowed: number
  #total = 0
  #cutting = false

  constructor(options: QueueBudgetOptions) {
    this.#options = options
    this.#allowed = options.limits.queuedBytesTotal
  }

  get total(): number {
    return this.#total
  }

  /** What one connection may hold now. */
  get share(): number {
    return Math.min(this.#options.limits.queuedBytes, (this.#allowed - this.#total) / PARTS)
  }

  count(queue: CountedQueue, bytes: number): void {
    const grown = bytes - queue.counted
    if (grown === 0) return
    queue.counted = bytes
    this.#total += grown
    if (grown > 0 && this.#total > this.#allowed) this.#cutSoon()
  }

  /** While memory is scarce, less may be held; what is beyond is cut, the longest queues first [F81]. */
  setScarce(scarce: boolean): void {
    this.#allowed = this.#options.limits.queuedBytesTotal * (scarce ? SCARCE_PART : 1)
    if (this.#total > this.#allowed) this.#cutSoon()
  }

  /** At the end of the turn: who is cut must not vanish while somebody goes through lists that it stands in. */
  #cutSoon(): void {
    if (this.#cutting) return
    this.#cutting = true
    this.#options.clock.defer(() => {
      this.#cutting = false
      this.#cutLongest()
    })
  }

  #cutLongest(): void {
    const queues = [...this.#options.queues()]
    for (const queue of queues) queue.recount()
    if (this.#total <= this.#allowed) return
    queues.sort((a, b) => b.counted - a.counted)
    for (const queue of queues) {
      if (this.#total <= this.#allowed * CUT_DOWN_TO) return
      queue.cut()
    }
  }
}
