import type { Outcome, RowWrite } from "@magpie/journal"
import {
  type ChannelMatch,
  type Clock,
  type Limits,
  MagpieError,
  type Publish,
  ROW,
  rowRequest,
  type Subscribe,
  type Subscribed,
  type TableKind,
  toMagpieError,
  validateFilter,
  validateKey,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { CatchUp } from "../channel/catch-up.ts"
import type { Followers } from "../channel/followers.ts"
import type { TablesLog } from "../core/tables-log.ts"
import type { Connection } from "../session/connection.ts"
import { createRememberedRows } from "./filtered-rows.ts"
import type { KindHandler } from "./kind-handler.ts"
import { createLiveTables } from "./live-tables.ts"
import { Pace } from "./pace.ts"
import { type RowFilter, rowChoice } from "./row-choice.ts"
import { refusedWrite, rowWriteOf } from "./row-write.ts"
import { createSettling, sentBy } from "./settling.ts"
import { TableSubscription } from "./table-subscription.ts"

export interface TableHandlerOptions {
  readonly clock: Clock
  readonly log: TablesLog
  readonly limits: Limits
  readonly authorizer: Authorizer
  readonly followers: Followers
  readonly catchUp: CatchUp
}

export interface TableHandler extends KindHandler {
  /** Rows of a table are now something else. */
  written(channel: string): void
  close(): void
}

/** Tables: the newest value by key, for each subscriber as often as it likes and can [G6, G7]. */
export function createTableHandler(options: TableHandlerOptions): TableHandler {
  const { clock, log, limits, authorizer, followers, catchUp } = options
  const live = createLiveTables({ clock, log, catchUp })
  const settling = createSettling(log, limits, { levelOf: log.levelOf })
  const rememberedBy = createRememberedRows(limits)
  /** What each connection wrote last: a merge may need the row of a write right before it. */
  const last = new WeakMap<Connection, Promise<Outcome>>()

  async function admit(connection: Connection, message: Publish, match: ChannelMatch): Promise<RowWrite> {
    const { channel } = message
    if (message.name !== ROW) throw new MagpieError("BAD_REQUEST", "a table has rows and no messages", { details: { field: "name" } })
    const kind = match.kind as TableKind
    const asked = rowRequest.check(message.data, "data")
    const wanted = { ...asked, key: validateKey(kind, asked.key) }
    if (!(await authorizer.allowed(connection, channel, match, "write", wanted.key))) throw forbidden(channel, "write")
    const before = last.get(connection)
    if (wanted.action === "merge" && before !== undefined && log.row(channel, wanted.key) === undefined) await before.catch(() => {})
    // It could not be said any more in whose name it comes, nor what became of it.
    if (connection.open === undefined) throw new MagpieError("UNAVAILABLE", "the connection ended before this was decided")
    return rowWriteOf(kind, channel, wanted, { log, limits })
  }

  function write(connection: Connection, message: Publish, match: ChannelMatch, its: RowWrite): void {
    const outcome = log.write({ ...sentBy(connection, message, match), write: its })
    last.set(connection, outcome)
    const { channel } = message
    settling.settle(connection, message, outcome, (code) => refusedWrite(code, code === "CONFLICT" ? log.row(channel, its.key) : undefined))
  }

  function startOf({ channel, position }: Subscribe): Pick<Subscribed, "answer" | "reason"> & { readonly from: number | undefined } {
    if (position === undefined) return { answer: "new", from: undefined }
    const resumed = log.resume(channel, position)
    if (resumed.answer === "recovered") return { answer: "recovered", from: position.offset }
    return { answer: "unrecoverable", reason: resumed.reason, from: undefined }
  }

  return {
    publish(connection, message, match) {
      if (settling.isBusy(connection, message)) return
      return admit(connection, message, match).then(
        (its) => write(connection, message, match, its),
        (failure) => settling.refuse(connection, message, match, toMagpieError(failure)),
      )
    },
    whenReady: ({ channel, position }) => (position === undefined ? undefined : log.behind(channel, position)),
    subscribe(connection, message, match) {
      const { channel, id, keys, prefix, fields, intervalMs, maxBytesPerSecond } = message
      const kind = match.kind as TableKind
      if (keys !== undefined && prefix !== undefined)
        throw new MagpieError("BAD_REQUEST", "rows are chosen by keys or by a prefix, not both", { details: { field: "prefix" } })
      const choice = rowChoice({ keys, prefix, fields, filter: filterOf(kind, message) })
      const { from, ...answer } = startOf(message)
      const pace = new Pace({ intervalMs: intervalOf(kind, intervalMs), maxBytesPerSecond })
      const { epoch } = log.newest(channel)
      connection.send({
        type: "subscribed",
        ...(id === undefined ? undefined : { id }),
        channel,
        kind: "table",
        ...answer,
        position: { epoch, offset: from ?? 0 },
        intervalMs: pace.intervalMs,
      })
      const followed = followers.follow(channel, match)
      return new TableSubscription(connection, live.of(channel), {
        ...{ catchUp, from, choice, clock, pace, remembered: rememberedBy(connection) },
        onEnd: () => followers.unfollow(followed),
      })
    },
    async history(_connection, { channel }) {
      throw new MagpieError("BAD_REQUEST", `"${channel}" is a table and keeps no history`, { details: { field: "channel" } })
    },
    // A subscription that chooses rows is told of no others, so its position says nothing of the table's.
    newest: () => undefined,
    written: live.written,
    close: live.close,
  }
}

/** Fails with BAD_REQUEST where the contract has no such filter, or its argument is none. */
function filterOf(kind: TableKind, { filter }: Subscribe): RowFilter | undefined {
  if (filter === undefined) return undefined
  const argument = validateFilter(kind, filter.name, filter.argument)
  const its = kind.filters[filter.name]
  // As it came, since two that its schema makes of others may be written alike, and some cannot be written.
  const text = JSON.stringify(filter.argument === undefined ? [filter.name] : [filter.name, filter.argument])
  return { text, keep: (value, key) => its?.keep(value, argument, key) === true }
}

/** What the contract says is the least. 0: as often as there is something. */
function intervalOf({ maxRate }: TableKind, wanted = 0): number {
  return Math.max(wanted, maxRate === undefined ? 0 : Math.ceil(1_000 / maxRate))
}
