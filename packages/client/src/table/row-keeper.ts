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
  /**
   * Begins a subscription. Returns from where the server can go on: where the last rows led that no others followed at once;
   * undefined where it must give everything.
   */
  begin(): Position | undefined
  /** `lost`: something that was told before this did not arrive. Undefined while all rows are given anew, and more of them follow. */
  take(message: Rows): Taken | "lost" | undefined
}

/** `filtered`: rows come and go by what they are; of one that comes it is not known how often it was written before. */
export function createRowKeeper(filtered = false): RowKeeper {
  const rows = new Map<string, Kept>()
  const gone = new Map<string, Pick<Kept, "version" | "count">>()
  /** What is given anew takes the place of the rows as a whole. */
  let fresh: Map<string, Kept> | undefined
  let position: Position | undefined
  let told: number | undefined

  /** How many writes were left out before this one; undefined where it is known, of pages whose end did not come. */
  function put(into: Map<string, Kept>, row: RowMessage): number | undefined {
    const { key, version, count, born = 0, at, from, data, fields } = row
    const before = into.get(key)
    const known = before ?? gone.get(key)
    if (known !== undefined && known.version >= version) return undefined
    gone.delete(key)
    if (row.gone === true) {
      into.delete(key)
      gone.set(key, { version, count })
      const [oldest] = gone.keys()
      if (gone.size > GONE_REMEMBERED && oldest !== undefined) gone.delete(oldest)
    } else {
      const value = fields === undefined ? data : { ...(before?.value as object), ...(fields as object) }
      into.set(key, { value, version, at, from, count })
    }
    if (filtered && before === undefined) return 0
    return count - (known === undefined || known.version < born ? 0 : known.count) - 1
  }

  function putAll(into: Map<string, Kept>, all: Rows["rows"]): Taken {
    const changed: string[] = []
    let skipped = 0
    for (const row of all) {
      const its = put(into, row)
      if (its === undefined) continue
      changed.push(row.key)
      skipped += its
    }
    return { changed, skipped }
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
    begin() {
      told = position?.offset
      return position
    },
    take(message) {
      if (message.reset === true) {
        fresh = new Map()
        gone.clear()
        position = undefined
      } else if (message.since !== told) return "lost"
      told = message.position.offset
      const taken = putAll(fresh ?? rows, message.rows)
      // Of a row behind this page it may lack what was written before the page's end.
      if (message.more !== true) position = message.position
      if (fresh === undefined) return taken
      if (message.more === true) return undefined
      const changed = replace(fresh)
      fresh = undefined
      // What was missed before a new beginning is not known.
      return { changed, skipped: 0 }
    },
  }
}
