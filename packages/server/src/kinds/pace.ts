/**
 * The least times between two updates that there are, in milliseconds. A subscriber is given at most as many as it wants; those
 * of one class are given theirs in the same moment, so that what is read and written for one serves all who were level with it.
 */
const CLASSES = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const
const SLOWEST = 60_000
/** No link makes updates rarer than that: the next one waits until it has taken the one before in any case. */
const SLOWEST_BY_LINK = 2_000
/** Updates that a link takes in time before it is tried a class faster. */
const IN_TIME = 4

/** The class that gives no more often than is wanted; 0 for no least time, the slowest where none is slow enough. */
export function classOf(intervalMs: number): number {
  return intervalMs === 0 ? 0 : (CLASSES.find((each) => each >= intervalMs) ?? SLOWEST)
}

/** What makes updates rarer than was asked: how many bytes they may have, or a link that does not take them in time. */
export type SlowedBy = "bytes" | "link"

export interface PaceOptions {
  /** Least time between two updates; 0 for none. */
  readonly intervalMs: number
  readonly maxBytesPerSecond: number | undefined
}

/** How often one subscriber is given updates: as often as it wants, may and can. */
export class Pace {
  readonly #wanted: number
  readonly #msPerByte: number
  /** What an update costs in time where bytes are bounded: of the last ones, the newest counting most. */
  #cost: number | undefined
  #link = 0
  #inTime = 0
  #lastAt = Number.NEGATIVE_INFINITY
  /** When the next update may be given, by the bytes of those before; a clock's monotonic time. */
  dueAt = Number.NEGATIVE_INFINITY

  constructor({ intervalMs, maxBytesPerSecond }: PaceOptions) {
    this.#wanted = classOf(intervalMs)
    this.#msPerByte = maxBytesPerSecond === undefined ? 0 : 1_000 / maxBytesPerSecond
  }

  /** The class in which it is given updates now; 0 for whenever there are some. */
  get periodMs(): number {
    return Math.max(this.#wanted, this.#link, this.#byBytes)
  }

  /** What there is between two updates at least, as far as can be said: more than the slowest class where few bytes are allowed. */
  get intervalMs(): number {
    const cost = this.#cost ?? 0
    return cost > SLOWEST ? Math.ceil(cost / SLOWEST) * SLOWEST : this.periodMs
  }

  get slowedBy(): SlowedBy | undefined {
    if (this.periodMs <= this.#wanted) return undefined
    return this.#byBytes >= this.#link ? "bytes" : "link"
  }

  get #byBytes(): number {
    return this.#cost === undefined || this.#cost <= this.#wanted ? 0 : classOf(this.#cost)
  }

  /** An update of so many bytes was given. `wasTaken`: the link had taken the one before. */
  gave(bytes: number, now: number, wasTaken: boolean): void {
    this.#lastAt = now
    if (this.#msPerByte > 0) {
      const cost = bytes * this.#msPerByte
      this.#cost = ((this.#cost ?? cost) + cost) / 2
      this.dueAt = Math.max(this.dueAt, now) + cost
    }
    this.#inTime = wasTaken ? this.#inTime + 1 : 0
    if (this.#link === 0 || this.#inTime < IN_TIME) return
    this.#inTime = 0
    const faster = CLASSES.findLast((each) => each < this.#link) ?? 0
    this.#link = faster > this.#wanted ? faster : 0
  }

  /** Whether the link had the time of its class for the update before, and did not take it. */
  isLate(now: number): boolean {
    return now - this.#lastAt >= Math.max(this.periodMs, CLASSES[0])
  }

  /** The link did not take the update before in time: one class slower, at most once in that time. */
  stalled(now: number): void {
    if (!this.isLate(now)) return
    this.#lastAt = now
    this.#inTime = 0
    this.#link = Math.min(classOf(this.periodMs + 1), SLOWEST_BY_LINK)
  }
}
