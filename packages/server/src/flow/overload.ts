import type { Limits, Log } from "@magpie/protocol"
import type { Counters } from "../metrics/counters.ts"
import type { TimingWheel, Watched } from "./timing-wheel.ts"

/** How much the process has to carry. The shell measures it, tests say it. */
export interface LoadMeter {
  /** Mean delay of the event loop since it was last asked, in milliseconds. */
  lagMs(): number
  /** Memory in use, in percent of what the process may have. */
  memoryPercent(): number
  /** Nobody will ask for a while. */
  rest(): void
}

/** What is shed while the event loop lags, the first first. Acknowledgements, heartbeats and closes never are [F80]. */
const SHEDDING_ORDER = ["presence", "broadcasts", "connections", "history"] as const
export type Shed = (typeof SHEDDING_ORDER)[number]

export type MemoryState = "free" | "scarce" | "exhausted"

export interface OverloadOptions {
  readonly meter: LoadMeter
  readonly limits: Limits
  readonly wheel: TimingWheel
  readonly counters: Counters
  readonly log: Log
  /** Whether anybody is connected; without anybody and without load there is nothing to look after. */
  readonly inUse: () => boolean
  /** This is no longer shed. */
  readonly onAgain: (what: Shed) => void
  readonly onMemory: (state: MemoryState) => void
}

const SAMPLE_MS = 500
/** What has begun ends only after so many samples below half of its threshold, so that it does not begin and end all the time. */
const CALM_SAMPLES = 4
/** Memory is free again when it is so many points below the threshold. */
const FREED_PERCENT = 5

/** What the rest of the server asks about its load. */
export interface LoadWatch {
  readonly memory: MemoryState
  sheds(what: Shed): boolean
  /** Somebody comes: from now on it looks. */
  wake(): void
  close(): void
}

/** Where nobody measures, nothing is too much. */
export const UNWATCHED: LoadWatch = { memory: "free", sheds: () => false, wake() {}, close() {} }

/** Decides what the server lets go of first when it cannot carry everything [F80, F81]. */
export class Overload implements Watched, LoadWatch {
  readonly #options: OverloadOptions
  readonly #thresholds: readonly number[]
  #level = 0
  #lastWanted = 0
  #calm = 0
  #memory: MemoryState = "free"
  #lastExhausted = false
  #watching = false

  constructor(options: OverloadOptions) {
    const { shedPresenceLagMs, shedBroadcastsLagMs, shedConnectionsLagMs, shedHistoryLagMs } = options.limits
    this.#options = options
    this.#thresholds = [shedPresenceLagMs, shedBroadcastsLagMs, shedConnectionsLagMs, shedHistoryLagMs]
  }

  sheds(what: Shed): boolean {
    return this.#level > SHEDDING_ORDER.indexOf(what)
  }

  get memory(): MemoryState {
    return this.#memory
  }

  wake(): void {
    if (this.#watching) return
    this.#watching = true
    this.#options.wheel.watch(this, SAMPLE_MS)
  }

  check(): number | undefined {
    const { meter, inUse } = this.#options
    const lagMs = meter.lagMs()
    const percent = meter.memoryPercent()
    this.#noteLag(lagMs)
    this.#noteMemory(percent)
    if (this.#level > 0 || this.#memory !== "free" || inUse()) return SAMPLE_MS
    this.close()
    return undefined
  }

  close(): void {
    this.#watching = false
    this.#options.wheel.unwatch(this)
    this.#options.meter.rest()
  }

  /** One long turn is not yet a load: only what two samples agree on counts. */
  #noteLag(lagMs: number): void {
    // The order is kept whatever the limits are: what comes later goes only with all that comes before it.
    const wanted = this.#thresholds.findLastIndex((threshold) => lagMs >= threshold) + 1
    const agreed = Math.min(wanted, this.#lastWanted)
    this.#lastWanted = wanted
    if (agreed > this.#level) return this.#setLevel(agreed, lagMs)
    const begun = this.#thresholds[this.#level - 1]
    if (begun === undefined) return
    this.#calm = lagMs < begun / 2 ? this.#calm + 1 : 0
    if (this.#calm >= CALM_SAMPLES) this.#setLevel(this.#level - 1, lagMs)
  }

  #setLevel(level: number, lagMs: number): void {
    const { counters, log, onAgain } = this.#options
    for (const what of SHEDDING_ORDER.slice(this.#level, level)) counters.add("shedding", what)
    const again = SHEDDING_ORDER.slice(level, this.#level)
    this.#level = level
    this.#calm = 0
    log("info", "shedding", { sheds: SHEDDING_ORDER.slice(0, level), lagMs: Math.round(lagMs) })
    for (const what of again) onAgain(what)
  }

  #noteMemory(percent: number): void {
    const { memorySoftPercent, memoryHardPercent } = this.#options.limits
    const exhausted = percent >= memoryHardPercent
    if (exhausted && this.#lastExhausted) this.#setMemory("exhausted", percent)
    else if (percent >= memorySoftPercent) this.#setMemory("scarce", percent)
    else if (percent < memorySoftPercent - FREED_PERCENT) this.#setMemory("free", percent)
    this.#lastExhausted = exhausted
  }

  #setMemory(state: MemoryState, percent: number): void {
    // Who has begun to leave does not come back.
    if (state === this.#memory || this.#memory === "exhausted") return
    const { counters, log, onMemory } = this.#options
    this.#memory = state
    counters.add("memory", state)
    log(state === "exhausted" ? "error" : "info", "memory", { state, percent: Math.round(percent) })
    onMemory(state)
  }
}
