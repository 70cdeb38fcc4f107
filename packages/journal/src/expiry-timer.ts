import type { Clock, Timer } from "@magpie/protocol"

/** Clock entries come at most this often, however much is due one after the other. */
const SHORTEST_PERIOD_MS = 1_000
/** While more is due than one clock entry may expire, the next follows after a pause for other work. */
const BACKLOG_PAUSE_MS = 10
/** Timers of more than 24.8 days overflow, and a wall clock that jumps is noticed this soon. */
const LONGEST_DELAY_MS = 3_600_000

/** Tells when time has something to do. One timer while something is due some day, none otherwise. */
export class ExpiryTimer {
  readonly #clock: Clock
  readonly #fire: () => void
  readonly #jitterMs: () => number
  #timer: Timer | undefined
  #armedFor: number | undefined
  #last: { readonly at: number; readonly monotonic: number } | undefined
  #stopped = false

  /** `jitterMs`: waits that much longer, so that of several nodes one is first and the others see it. */
  constructor(clock: Clock, fire: () => void, jitterMs: () => number = () => 0) {
    this.#clock = clock
    this.#fire = fire
    this.#jitterMs = jitterMs
  }

  /** A clock entry came, from whichever node: the next one follows a period after it. */
  seen(at: number): void {
    this.#last = { at, monotonic: this.#clock.monotonic() }
    this.#armedFor = undefined
  }

  /** Says what is due next; call it whenever that may have changed. */
  due(at: number | undefined): void {
    if (this.#stopped || (at === this.#armedFor && this.#timer !== undefined)) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = at
    if (at === undefined) return
    const delay = Math.max(0, at - this.#clock.now(), this.#pause(at)) + this.#jitterMs()
    this.#timer = this.#clock.setTimer(Math.min(delay, LONGEST_DELAY_MS), () => this.#expire(at))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #pause(at: number): number {
    if (this.#last === undefined) return 0
    const period = at <= this.#last.at ? BACKLOG_PAUSE_MS : SHORTEST_PERIOD_MS
    return this.#last.monotonic + period - this.#clock.monotonic()
  }

  #expire(at: number): void {
    this.#timer = undefined
    const now = this.#clock.now()
    if (at > now) {
      this.due(at)
      return
    }
    this.#last = { at: now, monotonic: this.#clock.monotonic() }
    this.#fire()
  }
}
