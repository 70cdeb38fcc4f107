import type { Origin } from "../entry.ts"
import { originKey } from "../rows/keys.ts"
import { RowReader } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { Deadlines } from "./deadlines.ts"
import { GenerationCache } from "./generation-cache.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { roundedUp } from "./recall.ts"

const CACHED_ORIGINS = 1_000

interface OriginState {
  readonly node: string
  /** The highest counter that was applied. */
  counter: number
  /** The machine's time at which it was. */
  at: number
  deadline: number
}

/**
 * Drops what a journal gives twice. An origin appends its entries one batch after the other, so a counter that is not
 * above the last one is a repetition, or an append that was given up and landed late. One row an origin, kept as long as
 * sequences are.
 */
export class Origins {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #deadlines: Deadlines
  readonly #cache = new GenerationCache<OriginState>(CACHED_ORIGINS)
  readonly #changed = new Set<OriginState>()

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState, deadlines: Deadlines) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#deadlines = deadlines
  }

  /** Whether the entry is to be applied. */
  admit({ node, counter }: Origin): boolean {
    const { now, settings } = this.#state
    const known = this.#find(node)
    if (known === undefined) {
      const deadline = roundedUp(now, settings.deduplicationMs) + settings.deduplicationMs
      const origin = { node, counter, at: now, deadline }
      this.#cache.set(node, origin)
      this.#changed.add(origin)
      this.#deadlines.set(deadline, "o", node)
      return true
    }
    if (counter <= known.counter) return false
    known.counter = counter
    known.at = now
    this.#changed.add(known)
    return true
  }

  /** When the origin last appended something; undefined where nobody remembers it. */
  lastAt(node: string): number | undefined {
    return this.#find(node)?.at
  }

  /** Looks at an origin whose deadline has come, and forgets it where it has been silent for the whole window. */
  due(node: string, at: number): void {
    this.#deadlines.clear(at, "o", node)
    const origin = this.#find(node)
    if (origin === undefined || origin.deadline !== at) return
    const { now, settings } = this.#state
    if (origin.at + settings.deduplicationMs > now) {
      origin.deadline = roundedUp(origin.at, settings.deduplicationMs) + settings.deduplicationMs
      this.#deadlines.set(origin.deadline, "o", node)
      this.#changed.add(origin)
      return
    }
    this.#changed.delete(origin)
    this.#cache.delete(node)
    this.#pending.remove(originKey(node))
  }

  flush(): void {
    for (const { node, counter, at, deadline } of this.#changed) {
      this.#pending.put(originKey(node), this.#writer.begin().number(counter).number(at).number(deadline).end())
    }
    this.#changed.clear()
  }

  committed(): void {
    this.#cache.age()
  }

  discard(): void {
    this.#cache.clear()
    this.#changed.clear()
  }

  #find(node: string): OriginState | undefined {
    const cached = this.#cache.get(node)
    if (cached !== undefined) return cached
    const row = this.#pending.getIntact(originKey(node))
    if (row === undefined) return undefined
    const reader = new RowReader(row)
    const state = { node, counter: reader.number(), at: reader.number(), deadline: reader.number() }
    this.#cache.set(node, state)
    return state
  }
}
