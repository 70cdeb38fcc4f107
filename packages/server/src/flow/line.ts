/** Something that gathers what it has to send and lets it go when it is its turn. */
export interface Gatherer {
  flush(): void
}

/** Connections that have something to send, in the order in which they got it. */
export class Line {
  readonly #step: number
  #flushing: Gatherer[] = []
  #next = 0
  #waiting: Gatherer[] = []

  /** The clock is looked at once in so many connections. */
  constructor(step: number) {
    this.#step = step
  }

  get isEmpty(): boolean {
    return this.#next === this.#flushing.length && this.#waiting.length === 0
  }

  add(connection: Gatherer): void {
    this.#waiting.push(connection)
  }

  /** Lets go of what they gathered, until time is over. True when nobody is left. */
  flush(isOver: () => boolean): boolean {
    while (!this.isEmpty) {
      if (this.#next === this.#flushing.length) this.#turnOver()
      const end = Math.min(this.#next + this.#step, this.#flushing.length)
      while (this.#next < end) this.#flushing[this.#next++]?.flush()
      if (end % this.#step === 0 && isOver()) break
    }
    // Whoever has sent may be gone long before somebody else does.
    if (this.isEmpty) this.#turnOver()
    return this.isEmpty
  }

  /** Two lists that change places, so that neither grows for as long as somebody waits. */
  #turnOver(): void {
    const done = this.#flushing
    this.#flushing = this.#waiting
    this.#next = 0
    done.length = 0
    this.#waiting = done
  }
}
