import type { Clock } from "@magpie/protocol"

const SECOND_MS = 1_000

/** Names that one process has spent, each remembered until its own moment. Waits for no disk. */
export class SpentNames {
  readonly #clock: Pick<Clock, "now">
  readonly #cap: number
  readonly #names = new Set<string>()
  /** The names by the second in which they have ended. */
  readonly #ends = new Map<number, string[]>()
  /** The highest time seen: a wall clock that goes back brings nothing back. */
  #now = 0
  #forgotten = 0

  constructor(clock: Pick<Clock, "now">, cap: number) {
    this.#clock = clock
    this.#cap = cap
  }

  get size(): number {
    return this.#names.size
  }

  spend(name: string, until: number): "first" | "spent" | "full" {
    this.#now = Math.max(this.#now, this.#clock.now())
    if (until <= this.#now || this.#names.has(name)) return "spent"
    this.#forgetEnded(Math.floor(this.#now / SECOND_MS))
    if (this.#names.size >= this.#cap) return "full"
    const end = Math.ceil(until / SECOND_MS)
    const others = this.#ends.get(end)
    if (others === undefined) this.#ends.set(end, [name])
    else others.push(name)
    this.#names.add(name)
    return "first"
  }

  /** At most once a second, so that many at once cost nothing each. */
  #forgetEnded(second: number): void {
    if (second === this.#forgotten) return
    this.#forgotten = second
    for (const [end, names] of this.#ends) {
      if (end > second) continue
      this.#ends.delete(end)
      for (const name of names) this.#names.delete(name)
    }
  }
}
