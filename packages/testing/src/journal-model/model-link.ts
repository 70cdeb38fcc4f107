import type { Clock } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"

export interface Latency {
  readonly minMs: number
  readonly maxMs: number
}

/** Whom a fault of appends concerns, and who hears that it struck. */
export interface AppendFaultOptions {
  /** Default: any. */
  readonly partition?: number
  readonly struck?: () => void
}

/** Befalls so many appends. */
export interface AppendFault extends AppendFaultOptions {
  count: number
}

/** One node's way to the broker, with what is wrong with it. It outlives the node's handles. */
export interface ModelLink {
  latency: Latency
  /** While it is there nothing passes, and it is called for what does not. */
  cut: (() => void) | undefined
  /** While it is there appends are refused, and it is called for each. */
  refusal: (() => void) | undefined
  /** What befalls the next appends. */
  lostAcks: AppendFault
  late: AppendFault & { readonly delayMs: number }
  doubled: AppendFault
  /** How long a delivery takes on top of the latency, asked for each. */
  tailDelayMs: () => number
  /** Grows with each connection that is lost. */
  connection: number
}

export function createLink(latency: Latency): ModelLink {
  return {
    latency,
    cut: undefined,
    refusal: undefined,
    lostAcks: { count: 0 },
    late: { count: 0, delayMs: 0 },
    doubled: { count: 0 },
    tailDelayMs: () => 0,
    connection: 1,
  }
}

/** Whether the fault befalls this append, which uses it up. */
export function befalls(fault: AppendFault, partition: number): boolean {
  if (fault.count === 0 || (fault.partition ?? partition) !== partition) return false
  fault.count--
  fault.struck?.()
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
