import { type DurableLog, fieldsSince, type KeyedRow, type PageLimits } from "@magpie/journal"
import type { Clock, Position, RowText, ServerCodec, Timer } from "@magpie/protocol"
import type { CatchUp, Reader } from "../channel/catch-up.ts"
import { type Batch, createBatch } from "../flow/batch.ts"

/**
 * The least times between two updates that there are, in milliseconds. A subscriber is given at most as many as it wants; those
 * of one class are given theirs in the same moment, so that what is read and written for one serves all who were level with it.
 */
const CLASSES = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const

/** Pages kept for others who lack the same: all of one class do, in the moment of its flush. */
const SHARED_PAGES = 64

/** Which rows a subscription is about. Equal texts stand for equal choices. */
export interface RowChoice {
  readonly text: string
  /** All of them, where it is made of keys. */
  readonly keys: ReadonlySet<string> | undefined
  has(key: string): boolean
}

/** Neither for all rows. */
export function rowChoice(keys: readonly string[] | undefined, prefix: string | undefined): RowChoice {
  const chosen = keys && new Set(keys)
  const text = JSON.stringify([keys, prefix])
  return { text, keys: chosen, has: (key) => chosen?.has(key) ?? (prefix === undefined || key.startsWith(prefix)) }
}

/** Rows on their way, and where they lead. */
export interface RowsBatch {
  /** Undefined where none of them was chosen. */
  readonly batch: Batch | undefined
  readonly position: Position
  readonly more: boolean
}

export interface PageRequest {
  /** Was given the rows whose last write was up to here. */
  readonly after: number
  /** Up to where it holds every row as it was then, so that fields can be added to it; 0 while it is given the table anew. */
  readonly holds: number
  /** Offset that the other side was told last. */
  readonly since: number
  readonly reset: boolean
  /** It was told that more follows, and is told where that ends. */
  readonly awaited: boolean
  readonly choice: RowChoice
  readonly limits: PageLimits
  /** In which it is written. */
  readonly codec: ServerCodec
}

/** A table that is followed on this node. */
export interface LiveTable {
  readonly channel: string
  join(follower: TableFollower): void
  leave(follower: TableFollower): void
  read(request: PageRequest): RowsBatch
}

/** Reads what it lacks when it is its turn. */
export interface TableFollower extends Reader {
  readonly intervalMs: number
}

export interface LiveTables {
  of(channel: string): LiveTable
  written(channel: string): void
  close(): void
}

export interface LiveTablesOptions {
  readonly clock: Clock
  readonly log: DurableLog
  readonly catchUp: CatchUp
}

/** Whom to wake when rows were written, and when. Nothing is kept for a subscriber, and no timer runs while nothing is written. */
export function createLiveTables({ clock, log, catchUp }: LiveTablesOptions): LiveTables {
  const tables = new Map<string, { readonly table: LiveTable; wake(): void }>()
  const pages = new Map<string, RowsBatch>()
  const classes = new Map<number, { readonly due: Set<TableFollower>; timer: Timer | undefined }>()

  function wake(follower: TableFollower): void {
    if (follower.intervalMs === 0) return catchUp.add(follower)
    const period = classOf(follower.intervalMs)
    const its = classes.get(period) ?? { due: new Set(), timer: undefined }
    classes.set(period, its)
    its.due.add(follower)
    its.timer ??= clock.setTimer(period - (clock.monotonic() % period), () => {
      its.timer = undefined
      const due = [...its.due]
      its.due.clear()
      for (const each of due) catchUp.add(each)
    })
  }

  function open(channel: string) {
    const followers = new Set<TableFollower>()
    let isWaking = false
    const table: LiveTable = {
      channel,
      join: (follower) => void followers.add(follower),
      leave(follower) {
        followers.delete(follower)
        classes.get(classOf(follower.intervalMs))?.due.delete(follower)
        if (followers.size === 0 && tables.get(channel) === its) tables.delete(channel)
      },
      read: (request) => read(channel, request),
    }
    const its = {
      table,
      wake() {
        if (isWaking) return
        isWaking = true
        clock.defer(() => {
          isWaking = false
          for (const follower of followers) wake(follower)
        })
      },
    }
    tables.set(channel, its)
    return its
  }

  function read(channel: string, request: PageRequest): RowsBatch {
    const { after, holds, since, reset, awaited, choice, limits, codec } = request
    const { epoch, offset } = log.newest(channel)
    const key = [codec.subprotocol, channel, epoch, offset, after, holds, since, reset, awaited, limits.maxBytes, choice.text].join(" ")
    const known = pages.get(key)
    if (known !== undefined) return known
    const page = readPage(channel, request)
    if (pages.size >= SHARED_PAGES) pages.clear()
    pages.set(key, page)
    return page
  }

  function readPage(channel: string, { after, holds, since, reset, awaited, choice, limits, codec }: PageRequest): RowsBatch {
    const { rows, position, more } = log.readRows(channel, after, limits, choice.keys)
    const chosen = rows.filter(({ key }) => choice.has(key))
    // Where the table is given anew, that it is empty is said as well.
    if (chosen.length === 0 && !reset && (more || !awaited)) return { batch: undefined, position, more }
    const header = { channel, since, position, ...(reset ? { reset } : undefined), ...(more ? { more } : undefined) }
    const texts = chosen.map((row) => rowTextOf(row, holds))
    return { batch: createBatch(codec.encodeRows(header, texts), Math.max(1, texts.length)), position, more }
  }

  return {
    of: (channel) => (tables.get(channel) ?? open(channel)).table,
    written: (channel) => tables.get(channel)?.wake(),
    close() {
      for (const { timer } of classes.values()) timer?.cancel()
      classes.clear()
      tables.clear()
      pages.clear()
    },
  }
}

/** The class that gives no more often than it is wanted; the slowest where none does. */
function classOf(intervalMs: number): number {
  return CLASSES.find((each) => each >= intervalMs) ?? 60_000
}

/** Whoever holds the row as it was at its base or later is given what was written since. */
function rowTextOf({ key, version, count, born, at, from, data, base, fields }: KeyedRow, holds: number): RowText {
  const head = { key, version, count, ...(holds > 0 && born > holds ? { born } : undefined), at, from }
  if (data === undefined) return { ...head, gone: true }
  return base <= holds ? { ...head, fields: fieldsSince(data, fields, holds) } : { ...head, data }
}
