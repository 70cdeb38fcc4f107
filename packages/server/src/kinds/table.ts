import type { DurableLog, Outcome, RowWrite } from "@magpie/journal"
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
  validateKey,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { CatchUp } from "../channel/catch-up.ts"
import type { Followers } from "../channel/followers.ts"
import type { Connection } from "../session/connection.ts"
import type { KindHandler } from "./kind-handler.ts"
import { createLiveTables, rowChoice } from "./live-tables.ts"
import { refusedWrite, rowWriteOf } from "./row-write.ts"
import { createSettling, sentBy } from "./settling.ts"
import { TableSubscription } from "./table-subscription.ts"

export interface TableHandlerOptions {
  readonly clock: Clock
  readonly log: DurableLog
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
  const settling = createSettling(log, limits)
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
      const { channel, id, keys, prefix, intervalMs } = message
      if (keys !== undefined && prefix !== undefined)
        throw new MagpieError("BAD_REQUEST", "rows are chosen by keys or by a prefix, not both", { details: { field: "prefix" } })
      const { from, ...answer } = startOf(message)
      const { epoch } = log.newest(channel)
      connection.send({
        type: "subscribed",
        ...(id === undefined ? undefined : { id }),
        channel,
        kind: "table",
        ...answer,
        position: { epoch, offset: from ?? 0 },
      })
      const followed = followers.follow(channel, match)
      return new TableSubscription(connection, live.of(channel), {
        ...{ log, catchUp, from, choice: rowChoice(keys, prefix), intervalMs: intervalOf(match.kind as TableKind, intervalMs) },
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

/** What the contract says is the least. 0: as often as there is something. */
function intervalOf({ maxRate }: TableKind, wanted = 0): number {
  return Math.max(wanted, maxRate === undefined ? 0 : Math.ceil(1_000 / maxRate))
}
