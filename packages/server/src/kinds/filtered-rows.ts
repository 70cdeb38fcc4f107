import { type Limits, MagpieError } from "@magpie/protocol"
import type { RowFilter } from "./row-choice.ts"

/** How a row is told: what was written of it, all of it, or that it is gone. */
export type Telling = "fields" | "whole" | "gone"

/** Of how many rows it is remembered, for all filters of one connection, whether it holds them. */
export interface RememberedRows {
  readonly most: number
  count: number
}

export function createRememberedRows({ filteredRowsPerConnection: most }: Pick<Limits, "filteredRowsPerConnection">) {
  const byConnection = new WeakMap<object, RememberedRows>()
  return (connection: object): RememberedRows => {
    const its = byConnection.get(connection) ?? { most, count: 0 }
    byConnection.set(connection, its)
    return its
  }
}

/**
 * Which rows one holds who follows a filter. One that leaves the filter is told as gone, and one that comes into it is told
 * whole. Of one that goes on from a position it is not known what it holds: what does not pass is told as gone once. Of rows that
 * are no more nothing is remembered.
 */
export class FilteredRows {
  readonly filter: RowFilter
  readonly #remembered: RememberedRows
  readonly #held = new Map<string, boolean>()
  /** Of rows that were not looked at yet. */
  #others: false | undefined

  constructor(filter: RowFilter, holdsNothing: boolean, remembered: RememberedRows) {
    this.filter = filter
    this.#others = holdsNothing ? false : undefined
    this.#remembered = remembered
  }

  /** It is to be given everything anew. */
  reset(): void {
    this.end()
    this.#others = false
  }

  end(): void {
    this.#remembered.count -= this.#held.size
    this.#held.clear()
  }

  /** Undefined where it is not told. */
  tellingOf(key: string, passes: boolean): Telling | undefined {
    const held = this.#held.get(key) ?? this.#others
    if (passes) return held === true ? "fields" : "whole"
    return held === false ? undefined : "gone"
  }

  /** `isThere`: whether the row is, be it told or not. Fails with LIMIT_EXCEEDED. */
  told(key: string, telling: Telling, isThere: boolean): void {
    const holds = telling !== "gone"
    if (!isThere || holds === this.#others) return this.forget(key)
    if (!this.#held.has(key)) this.#take()
    this.#held.set(key, holds)
  }

  forget(key: string): void {
    if (this.#held.delete(key)) this.#remembered.count--
  }

  #take(): void {
    if (this.#remembered.count >= this.#remembered.most) {
      const details = { limit: "filteredRowsPerConnection" }
      throw new MagpieError("LIMIT_EXCEEDED", "the filters of this connection keep too many rows", { details })
    }
    this.#remembered.count++
  }
}
