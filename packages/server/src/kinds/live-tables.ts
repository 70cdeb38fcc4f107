import type { DurableLog } from "@magpie/journal"
import type { Clock, Position, Timer } from "@magpie/protocol"
import type { CatchUp, Reader } from "../channel/catch-up.ts"
import type { Pace } from "./pace.ts"
import { TableView } from "./table-view.ts"

/** Beyond that a view is one of several, and rows that are written meanwhile are given again. */
const VIEW = { maxCount: 2_048, maxBytes: 1_048_576 }
/** Views of one moment that are kept: subscribers of a class share one, and a crowd that resumes from here and there does not. */
const SHARED_VIEWS = 8

/** A table that is followed on this node. */
export interface LiveTable {
  readonly channel: string
  join(follower: TableFollower): void
  leave(follower: TableFollower): void
  readonly newest: number
  /** Whether it is still known of all rows that left since this offset. */
  recovers(offset: number): boolean
  /**
   * What one lacks who was given the rows whose last write was up to `after`. Of a few keys alone, with `only`, where there is
   * not that much that all could share.
   */
  view(after: number, only?: ReadonlySet<string>): TableView
}

/** Reads what it lacks when it is its turn. */
export interface TableFollower extends Reader {
  readonly pace: Pick<Pace, "periodMs" | "dueAt">
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

/** Subscribers of one rate. */
interface RateClass {
  readonly period: number
  readonly due: Set<TableFollower>
  timer: Timer | undefined
  /** The last moment that it was set for, as a multiple of its period. */
  moment: number
}

/** Whom to wake when rows were written, and when. Nothing is kept for a subscriber, and no timer runs while nothing is written. */
export function createLiveTables({ clock, log, catchUp }: LiveTablesOptions): LiveTables {
  const tables = new Map<string, { readonly table: LiveTable; wake(): void }>()
  const classes = new Map<number, RateClass>()

  function wake(follower: TableFollower): void {
    const { periodMs } = follower.pace
    if (periodMs === 0) return catchUp.add(follower)
    const its = rateClass(periodMs)
    its.due.add(follower)
    if (its.timer !== undefined) return
    const now = clock.monotonic()
    // A timer may fire a little early, which must not give one more update.
    its.moment = Math.max(its.moment, Math.floor(now / its.period)) + 1
    its.timer = clock.setTimer(its.moment * its.period - now, () => flush(its))
  }

  function flush(its: RateClass): void {
    its.timer = undefined
    const now = its.moment * its.period
    const due = [...its.due]
    its.due.clear()
    for (const each of due) {
      if (each.pace.dueAt > now) wake(each)
      else catchUp.add(each)
    }
  }

  function rateClass(period: number): RateClass {
    const known = classes.get(period)
    if (known !== undefined) return known
    const its: RateClass = { period, due: new Set(), timer: undefined, moment: 0 }
    classes.set(period, its)
    return its
  }

  function open(channel: string) {
    const followers = new Set<TableFollower>()
    let isWaking = false
    const moment = createMoment(log, channel)
    const table: LiveTable = {
      channel,
      get newest() {
        return moment.newest
      },
      recovers: moment.recovers,
      view: moment.view,
      join: (follower) => void followers.add(follower),
      leave(follower) {
        followers.delete(follower)
        for (const { due } of classes.values()) due.delete(follower)
        if (followers.size === 0 && tables.get(channel) === its) tables.delete(channel)
      },
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

  return {
    of: (channel) => (tables.get(channel) ?? open(channel)).table,
    written: (channel) => tables.get(channel)?.wake(),
    close() {
      for (const { timer } of classes.values()) timer?.cancel()
      classes.clear()
      tables.clear()
    },
  }
}

/** What is read of a table while nothing is written to it is read once. */
function createMoment(log: DurableLog, channel: string): Pick<LiveTable, "newest" | "recovers" | "view"> {
  const views = new Map<number, TableView>()
  const recovering = new Map<number, boolean>()
  let seen: Position | undefined

  function now(): Position {
    const newest = log.newest(channel)
    if (newest.offset === seen?.offset && newest.epoch === seen.epoch) return newest
    seen = newest
    views.clear()
    recovering.clear()
    return newest
  }

  return {
    get newest() {
      return now().offset
    },
    recovers(offset) {
      const { epoch } = now()
      const known = recovering.get(offset)
      if (known !== undefined) return known
      const recovers = log.resume(channel, { epoch, offset }).answer === "recovered"
      if (recovering.size < SHARED_VIEWS) recovering.set(offset, recovers)
      return recovers
    },
    view(after, only) {
      now()
      const known = views.get(after)
      if (known !== undefined && (only === undefined || !known.more)) return known
      const view = new TableView(log.readRows(channel, after, VIEW, only))
      if (only === undefined && views.size < SHARED_VIEWS) views.set(after, view)
      return view
    },
  }
}
