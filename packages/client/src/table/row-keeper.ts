import type { Position, Row as RowMessage, Rows } from "@magpie/protocol"
import type { Row } from "./table.ts"

/** Rows that left, whose counts go on where they come back; the server knows of no more either. */
const GONE_REMEMBERED = 1_000

interface Kept extends Row<unknown> {
  readonly count: number
}

/** What became of the rows that are kept, in one message of the server. */
export interface Taken {
  readonly changed: readonly string[]
  readonly skipped: number
}

/** A table as far as it was told: its rows, where that leads, and what was left out on the way. */
export interface RowKeeper {
  /** Live: the same object. */
  readonly rows: ReadonlyMap<string, Row<unknown>>
  /** From where the server can go on; undefined where it must give everything, as of a beginning of which the rest did not come. */
  readonly position: Position | undefined
  /** `lost`: something that was told before this did not arrive. Undefined while all rows are given anew, and more of them follow. */
  take(message: Rows): Taken | "lost" | undefined
}

export function createRowKeeper(): RowKeeper {
  const rows = new Map<string, Kept>()
  const gone = new Map<string, number>()
  /** What is given anew takes the place of the rows as a whole. */
  let fresh: Map<string, Kept> | undefined
  let position: Position | undefined

  function put(into: Map<string, Kept>, row: RowMessage): number {
    const { key, version, count, at, from, data, fields } = row
    const before = into.get(key)
    const skipped = count - (before?.count ?? gone.get(key) ?? 0) - 1
    gone.delete(key)
    if (row.gone === true) {
      into.delete(key)
      gone.set(key, count)
      const [oldest] = gone.keys()
      if (gone.size > GONE_REMEMBERED && oldest !== undefined) gone.delete(oldest)
    } else {
      const value = fields === undefined ? data : { ...(before?.value as object), ...(fields as object) }
      into.set(key, { value, version, at, from, count })
    }
    return skipped
  }

  function replace(by: Map<string, Kept>): readonly string[] {
    const changed = [...rows.keys()].filter((key) => !by.has(key))
    for (const key of changed) rows.delete(key)
    for (const [key, row] of by) {
      if (rows.get(key)?.version !== row.version) changed.push(key)
      rows.set(key, row)
    }
    return changed
  }

  return {
    rows,
    get position() {
      return fresh === undefined ? position : undefined
    },
    take(message) {
      if (message.reset === true) {
        fresh = new Map()
        gone.clear()
      } else if (message.since !== position?.offset) return "lost"
      position = message.position
      let skipped = 0
      for (const row of message.rows) skipped += put(fresh ?? rows, row)
      if (fresh === undefined) return { changed: message.rows.map(({ key }) => key), skipped }
      if (message.more === true) return undefined
      const changed = replace(fresh)
      fresh = undefined
      // What was missed before a new beginning is not known.
      return { changed, skipped: 0 }
    },
  }
}
