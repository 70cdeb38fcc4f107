import type { TableState } from "@magpie/client/table"
import type { DurableLog } from "@magpie/journal"
import type { MagpieError, Publication } from "@magpie/protocol"
import { TABLE } from "../simulated-app.ts"
import { EXPLAINED_OF_WRITES } from "./explained.ts"
import { Violation } from "./violation.ts"

/** A row as a screen shows it. */
interface ShownScore {
  readonly value: unknown
  readonly version: number
}

type Screen = ReadonlyMap<string, ShownScore>

/** What must be true of the rows of a table [I27]. */
export interface ScoreTruth {
  /** What one life of a client is shown. */
  screen(publisher: string): ScreenTruth
  /** A node has begun anew with what its log holds, which it may have heard while nobody listened. */
  opened(node: string, log: DurableLog): void
  /** A node has these writes in its log. Fails where another had something else there. */
  applied(node: string, publications: readonly Publication[]): void
  /** The caller was told that its write is stored there. */
  written(key: string, id: string, offset: number): void
  /** Somebody counts a row up by one, with `update`. */
  counting(key: string): void
  counted(key: string): void
  failed(publisher: string, error: MagpieError): void
  /** What was acknowledged is in the log, and a row that is counted up has no less than that and no more than was tried. */
  check(node: string, log: DurableLog, keys: readonly string[]): void
}

export interface ScreenTruth {
  state(state: TableState["state"]): void
  /** Fails where a row goes back, is not what was written, or the updates that were left out are not counted. */
  shown(told: { readonly keys: readonly string[]; readonly skipped: number }, rows: Screen): void
}

interface Write {
  readonly offset: number
  readonly key: string
  /** JSON; undefined where the row went. */
  readonly data: string | undefined
}

export interface ScoreTruthOptions {
  reached(what: string): void
  broken(failure: unknown): void
  /** Whether something of the log may have been lost. */
  readonly lost: () => boolean
}

export function createScoreTruth({ reached, broken, lost }: ScoreTruthOptions): ScoreTruth {
  /** By offset: where nothing was lost there is one epoch. */
  const writes = new Map<number, Write>()
  const acknowledged: { readonly key: string; readonly id: string; readonly offset: number }[] = []
  const counts = new Map<string, { tried: number; done: number }>()
  /** A node that began anew may hold what nobody was told of, of which later writes hide a part: then not every write is known. */
  let knowsAll = true

  function countOf(key: string): { tried: number; done: number } {
    const known = counts.get(key) ?? { tried: 0, done: 0 }
    counts.set(key, known)
    return known
  }

  /** The write of that version, which is taken for true where it is the first that is heard of it. */
  function writeAt(offset: number, first: Omit<Write, "offset">): Write {
    const known = writes.get(offset)
    if (known !== undefined) return known
    knowsAll = false
    const its = { offset, ...first }
    writes.set(offset, its)
    return its
  }

  /** Takes what a node holds. Fails where another had something else there. */
  function hear(node: string, its: Write): void {
    const known = writes.get(its.offset)
    if (known !== undefined && (known.key !== its.key || known.data !== its.data))
      throw new Violation(
        "I4",
        `${node} holds ${its.key} ${its.data} at ${its.offset} of the table, and another node ${known.key} ${known.data}`,
      )
    writes.set(its.offset, its)
  }

  /** Each row as the log has it now, those that are gone as well. */
  function hearRows(node: string, log: DurableLog): void {
    const { rows } = log.readRows(TABLE, 0, ALL)
    for (const { key, version, data } of rows) hear(node, { offset: version, key, data: textOf(data) })
  }

  /** How often a row was written behind one version, up to another. */
  function writesOf(key: string, after: number, upTo: number): number {
    let found = 0
    for (const write of writes.values()) if (write.key === key && write.offset > after && write.offset <= upTo) found++
    return found
  }

  function newest(key: string): Write | undefined {
    let found: Write | undefined
    for (const write of writes.values()) if (write.key === key && write.offset > (found?.offset ?? 0)) found = write
    return found
  }

  function screen(publisher: string): ScreenTruth {
    const versions = new Map<string, number>()
    /** It begins anew: what was missed before is not counted. */
    let isNew = true

    function look(key: string, { value, version }: ShownScore): void {
      const before = versions.get(key) ?? 0
      if (version < before) throw new Violation("I27", `${publisher} showed ${key} at ${version}, and before at ${before}`)
      const shown = { key, data: JSON.stringify(value) }
      const written = writeAt(version, shown)
      if (written.key !== key || written.data !== shown.data)
        throw new Violation(
          "I27",
          `${publisher} shows ${key} at ${version} as ${JSON.stringify(value)}, and it was written as ${written.data}`,
        )
    }

    return {
      state(state) {
        if (state === "loading") isNew = true
      },
      shown({ keys, skipped }, rows) {
        if (lost()) return
        try {
          for (const [key, row] of rows) look(key, row)
          const isCountable = knowsAll && !isNew && keys.every((key) => rows.has(key) && versions.has(key))
          if (isCountable) {
            const due = keys.reduce((sum, key) => sum + writesOf(key, versions.get(key) ?? 0, rows.get(key)?.version ?? 0), 0)
            if (due !== keys.length + skipped)
              throw new Violation(
                "G6",
                `${publisher} was told of ${keys.length} rows and ${skipped} skipped updates, where there were ${due}`,
              )
            reached(skipped > 0 ? "row-updates-skipped" : "row-updates-counted")
          }
        } catch (failure) {
          broken(failure)
        }
        isNew = false
        for (const key of keys) versions.delete(key)
        for (const [key, { version }] of rows) versions.set(key, version)
      },
    }
  }

  return {
    screen,
    opened(node, log) {
      if (lost()) return
      hearRows(node, log)
      const { offset: newest } = log.newest(TABLE)
      for (let offset = 1; offset <= newest; offset++) knowsAll &&= writes.has(offset)
    },
    applied(node, publications) {
      if (lost()) return
      for (const { offset = 0, data: text } of publications) {
        const { key, data } = JSON.parse(text) as { readonly key: string; readonly data?: unknown }
        hear(node, { offset, key, data: data === undefined ? undefined : JSON.stringify(data) })
      }
    },
    written(key, id, offset) {
      acknowledged.push({ key, id, offset })
      reached("row-written")
    },
    counting: (key) => void countOf(key).tried++,
    counted(key) {
      countOf(key).done++
      reached("row-counted-up")
    },
    failed(publisher, error) {
      reached(`row-${error.code}`)
      if (!EXPLAINED_OF_WRITES.includes(error.code)) broken(new Violation("I21", `${publisher} met ${error.code}: ${error.reason}`))
    },
    check(node, log, keys) {
      if (lost()) return
      hearRows(node, log)
      for (const { key, id, offset } of acknowledged) {
        const its = writes.get(offset)
        if (its === undefined && !knowsAll) continue
        const isThere = its?.key === key && (its.data === undefined || (JSON.parse(its.data) as { readonly id: string }).id === id)
        if (!isThere) throw new Violation("I1", `${id} was acknowledged at ${offset} of the table, where there is ${its?.key} ${its?.data}`)
      }
      for (const key of keys) {
        const row = log.row(TABLE, key)
        const last = newest(key)
        if (textOf(row?.data) !== last?.data)
          throw new Violation("I27", `${node} holds ${key} as ${row?.data}, and it was last written as ${last?.data}`)
        const { tried, done } = countOf(key)
        const count = row?.data === undefined ? 0 : (JSON.parse(row.data) as { readonly count: number }).count
        if (done > 0 && (count < done || count > tried))
          throw new Violation("I27", `${node} holds ${key} at ${count}, and it was counted up ${done} times for sure and ${tried} at most`)
      }
    },
  }
}

/** A table of the simulation has a handful of rows. */
const ALL = { maxCount: 1_000, maxBytes: 1_000_000 }

/** JSON as this judge compares it. */
const textOf = (data: string | undefined): string | undefined => (data === undefined ? undefined : JSON.stringify(JSON.parse(data)))
