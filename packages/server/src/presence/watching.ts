import { type ChannelMatch, type Contract, type Limits, MagpieError, type Members, type Unwatch, type Watch } from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import { isRevocable } from "../access/identity.ts"
import type { Connection } from "../session/connection.ts"
import type { PageMeter } from "../session/page-meter.ts"
import { cursorOf, pageLength, readCursor } from "./page-request.ts"
import type { PresenceContext } from "./presence-context.ts"
import { PresenceWatch } from "./presence-watch.ts"
import type { Room } from "./room.ts"
import type { Rooms } from "./rooms.ts"

/** Who looks at which room, and reads its pages. */
export interface Watching {
  /** Settles when the connection's next message may be decided. Fails with what is the answer to this one. */
  watch(connection: Connection, message: Watch): Promise<void>
  unwatch(connection: Connection, message: Unwatch): void
  members(connection: Connection, message: Members): Promise<void>
  /** Ends what the connection's fresh token no longer allows. */
  reconsider(connection: Connection): Promise<void>
  /** The connection has ended. */
  closed(connection: Connection): void
  /** Ends the watches of whoever can be revoked; they ask again. */
  endRevocable(): void
  close(): void
}

export interface WatchingOptions {
  readonly context: PresenceContext
  readonly contract: Contract
  readonly authorizer: Authorizer
  readonly rooms: Rooms
  readonly mayReadPage: PageMeter
  /** In how many milliseconds everybody who comes back to the room has come back; undefined where that is past. */
  readonly settlesInMs: (room: Room) => number | undefined
}

const STALE = new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked")

export function createWatching(options: WatchingOptions): Watching {
  const { context, contract, authorizer, rooms, mayReadPage, settlesInMs } = options
  const { limits, pageBytes } = context
  const watches = new Map<Connection, Map<string, PresenceWatch>>()

  async function requireAllowed(connection: Connection, channel: string): Promise<ChannelMatch> {
    const match = contract.match(channel)
    if (!(await authorizer.allowed(connection, channel, match, "watch"))) throw forbidden(channel, "watch")
    if (match.kind.presence === undefined) throw noPresence(channel)
    return match
  }

  /** Waits until a page has room, as long as the right to it lasts, and says how many bytes; 0 where the connection ended meanwhile. */
  async function roomForPage(connection: Connection, channel: string): Promise<number> {
    while (connection.open !== undefined) {
      const bytes = connection.queue.roomForPage(pageBytes)
      if (bytes > 0) return bytes
      await connection.queue.nextRoom()
      if (connection.open !== undefined) await requireAllowed(connection, channel)
    }
    return 0
  }

  function begin(connection: Connection, message: Watch, match: ChannelMatch, bytes: number): void {
    const { channel, mode = "all" } = message
    const mine = watches.get(connection) ?? new Map<string, PresenceWatch>()
    if (!mine.has(channel)) requirePlace(mine.size, limits)
    const room = rooms.open(channel, match)
    const earlier = mine.get(channel)
    const limit = pageLength(message.limit, limits)
    const begun = new PresenceWatch(connection, room, { mode, limit, context, settlesInMs: () => settlesInMs(room) })
    earlier?.end()
    watches.set(connection, mine.set(channel, begun))
    begun.begin(message, bytes)
  }

  function end(connection: Connection, channel: string): void {
    const mine = watches.get(connection)
    const ended = mine?.get(channel)
    if (mine === undefined || ended === undefined) return
    ended.end()
    mine.delete(channel)
    if (mine.size === 0) watches.delete(connection)
    rooms.release(ended.room)
  }

  function drop(connection: Connection, channel: string, { code, reason }: MagpieError): void {
    end(connection, channel)
    connection.tell({ type: "unwatched", channel, code, message: reason })
  }

  return {
    async watch(connection, message) {
      const match = await requireAllowed(connection, message.channel)
      const bytes = await roomForPage(connection, message.channel)
      // It may have ended a step before this one.
      if (bytes > 0 && connection.open !== undefined) begin(connection, message, match, bytes)
    },
    unwatch(connection, { id, channel }) {
      end(connection, channel)
      connection.send({ type: "unwatched", ...(id === undefined ? undefined : { id }), channel })
    },
    async members(connection, { id, channel, after, limit }) {
      mayReadPage(connection)
      const match = await requireAllowed(connection, channel)
      const bytes = await roomForPage(connection, channel)
      if (bytes === 0) return
      const room = rooms.open(channel, match)
      rooms.release(room)
      const { page, next } = room.page(readCursor(room, after), pageLength(limit, limits), bytes)
      connection.sendEncoded(connection.codec.encodeMembers({ id, channel, counts: room.counts, next: cursorOf(room, next) }, page))
    },
    async reconsider(connection) {
      for (const [channel, watched] of [...(watches.get(connection) ?? [])]) {
        const refusal = await authorizer.refusal(connection, channel, contract.match(channel), "watch")
        // Meanwhile the connection may have closed, or asked anew.
        if (refusal === undefined || watches.get(connection)?.get(channel) !== watched) continue
        drop(connection, channel, refusal)
      }
    },
    closed(connection) {
      for (const channel of [...(watches.get(connection)?.keys() ?? [])]) end(connection, channel)
    },
    endRevocable() {
      for (const [connection, mine] of [...watches])
        if (isRevocable(connection.identity)) for (const channel of [...mine.keys()]) drop(connection, channel, STALE)
    },
    close: () => watches.clear(),
  }
}

function requirePlace(taken: number, { watchesPerConnection }: Limits): void {
  if (taken < watchesPerConnection) return
  const details = { limit: "watchesPerConnection" }
  throw new MagpieError("LIMIT_EXCEEDED", `a connection watches at most ${watchesPerConnection} channels`, { details })
}

function noPresence(channel: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `"${channel}" has no presence`, { details: { field: "channel" } })
}
