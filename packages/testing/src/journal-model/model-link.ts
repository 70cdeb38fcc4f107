import type { Clock } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"

export interface Latency {
  readonly minMs: number
  readonly maxMs: number
}

/** Befalls so many appends, of one partition or of any. */
export interface AppendFault {
  count: number
  partition: number | undefined
}

/** One node's way to the broker, with what is wrong with it. It outlives the node's handles. */
export interface ModelLink {
  latency: Latency
  /** Nothing passes. */
  cut: boolean
  refusesAppends: boolean
  /** What befalls the next appends. */
  readonly lostAcks: AppendFault
  readonly late: AppendFault & { delayMs: number }
  readonly doubled: AppendFault
  /** How long each delivery takes on top of the latency. */
  tailDelayMs: number
  /** Grows with each connection that is lost. */
  connection: number
}

export function createLink(latency: Latency): ModelLink {
  return {
    ...{ latency, cut: false, refusesAppends: false, tailDelayMs: 0, connection: 1 },
    lostAcks: { count: 0, partition: undefined },
    late: { count: 0, partition: undefined, delayMs: 0 },
    doubled: { count: 0, partition: undefined },
  }
}

/** Whether the fault befalls this append, which uses it up. */
export function befalls(fault: AppendFault, partition: number): boolean {
  if (fault.count === 0 || (fault.partition !== undefined && fault.partition !== partition)) return false
  fault.count--
  return true
}

/** Waits that end when their owner does. */
export class Waits {
  readonly #clock: Clock
  readonly #random: SeededRandom
  readonly #ends = new Set<() => void>()
  #over = false

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
  }

  travel({ minMs, maxMs }: Latency, extraMs = 0): Promise<void> {
    return this.pass(this.#random.integer(minMs, maxMs) + extraMs)
  }

  /** Resolves after the time, or at once when everything ends. */
  pass(ms: number): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#ends.delete(end)
        resolve()
      }
      const timer = this.#clock.setTimer(ms, end)
      this.#ends.add(end)
    })
  }

  end(): void {
    this.#over = true
    for (const end of [...this.#ends]) end()
  }
}
