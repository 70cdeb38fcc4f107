import type { Control } from "@magpie/journal"
import {
  type ChannelMatch,
  type Contract,
  type Enter,
  type Leave,
  MagpieError,
  type Members,
  type PresenceUp,
  toJsonText,
  toMagpieError,
  type Unwatch,
  validateState,
  type Watch,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import { isRevocable } from "../access/identity.ts"
import type { Action } from "../channel-rules.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { CheckedOptions, CoreEnvironment } from "../options.ts"
import type { Connection } from "../session/connection.ts"
import type { PageMeter } from "../session/page-meter.ts"
import { createFederation, type Federation } from "./federation.ts"
import { cursorOf, pageLength, readCursor } from "./page-request.ts"
import type { PresenceContext } from "./presence-context.ts"
import { PresenceWatch } from "./presence-watch.ts"
import { createReadPresence, type ServerPresence } from "./read-presence.ts"
import { Residents } from "./residents.ts"
import type { Room } from "./room.ts"
import { createRooms } from "./rooms.ts"

/** Who is present on which channel, and who looks at it. */
export interface Presence {
  /** Decides about one message. Failures become the answer. */
  handle(connection: Connection, message: PresenceUp): void | Promise<void>
  /** Ends what this connection's fresh token no longer allows. */
  reconsider(connection: Connection): Promise<void>
  /** The connection has ended. */
  closed(connection: Connection): void
  /** Changes are told again after they were shed. */
  release(): void
  /** Who is on a channel, for code on the server. */
  readonly of: (channel: string) => ServerPresence
  /** What clients are told that this server can: nothing where the contract has no presence. */
  readonly features: readonly string[]
  close(): void
}

export interface PresenceOptions extends Pick<PresenceContext, "codec" | "turn" | "wheel" | "catchUp" | "counters" | "sheds"> {
  readonly contract: Contract
  readonly options: CheckedOptions
  readonly env: CoreEnvironment
  readonly authorizer: Authorizer
  readonly control: Control
  readonly mayReadPage: PageMeter
}

/** The single node's name, which no other hears. */
const ALONE = "alone"
const STALE = new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked")
/** Rooms that tell what was held back, in one turn of the event loop. */
const RELEASED_PER_TURN = 64
export function createPresence(given: PresenceOptions): Presence {
  const { contract, env, authorizer, control, mayReadPage, ...shared } = given
  const { limits, presenceLeaseMs: leaseMs, heartbeatMs, pongTimeoutMs } = given.options
  const { clock, random, crypto } = env
  const hasPresence = Object.values(contract.channels).some(({ presence }) => presence !== undefined)
  const bus = hasPresence ? env.bus : undefined
  const pageBytes = Math.min(limits.presencePageBytes, limits.queuedBytes / 2)
  const context: PresenceContext = { ...shared, clock, random, limits, leaseMs, pageBytes, guard }
  const startedAtMs = clock.monotonic()
  const watches = new Map<Connection, Map<string, PresenceWatch>>()

  const rooms = createRooms({
    context,
    // Another node may hold a link that died for so long, and be believed for another lease.
    farewellMs: bus === undefined ? 0 : heartbeatMs + pongTimeoutMs + 2 * leaseMs,
    onOpened: (room) => federation?.opened(room),
    onClosed: (room) => federation?.closed(room),
  })
  const residents: Residents = new Residents({
    context,
    crypto,
    rooms,
    node: () => (bus === undefined ? ALONE : control.nodeId),
    onClaim: (room, claim) => federation?.claimed(room, claim),
    onFarewell: (room, farewell) => federation?.bade(room, farewell),
  })
  const federation: Federation | undefined =
    bus &&
    createFederation({
      ...{ bus, control, clock, leaseMs, rooms },
      revision: () => residents.revision,
      onForeignFarewell: (room, farewell) => residents.bade(room, farewell),
    })
  const reading = createReadPresence({ clock, contract, limits, rooms, missing: (room) => federation?.missing(room) ?? [] })
  const stopListening = control.onChange((change) => {
    if (change.type === "revoked") residents.revoke(change)
    else if (change.type === "stale") guard()
  })

  /** Whoever can be revoked watches nothing where this node may not know who was; they ask again. */
  function guard(): void {
    if (control.fresh) return
    for (const [connection, mine] of [...watches])
      if (isRevocable(connection.identity)) for (const channel of [...mine.keys()]) dropWatch(connection, channel, STALE)
  }

  function dropWatch(connection: Connection, channel: string, { code, reason }: MagpieError): void {
    endWatch(connection, channel)
    connection.tell({ type: "unwatched", channel, code, message: reason })
  }

  /** A young server, or one that follows a room since a moment ago, does not know yet who comes back. */
  function settlesInMs(room: Room): number | undefined {
    const sinceMs = federation === undefined ? startedAtMs : Math.max(startedAtMs, room.openedAtMs)
    const leftMs = Math.ceil(sinceMs + leaseMs - clock.monotonic())
    return leftMs > 0 ? leftMs : undefined
  }

  function enter(connection: Connection, message: Enter): void | Promise<void> {
    const match = contract.match(message.channel)
    const allowed = authorizer.allowed(connection, message.channel, match, "enter")
    if (allowed instanceof Promise) return connection.answer(message.id, async () => admit(connection, message, match, await allowed))
    admit(connection, message, match, allowed)
  }

  function admit(connection: Connection, { id, channel, state, link }: Enter, match: ChannelMatch, allowed: boolean): void {
    if (connection.open === undefined) return
    if (!allowed) {
      // It may have been a member by an earlier right.
      residents.leave(connection, channel)
      throw forbidden(channel, "enter")
    }
    const text = toJsonText(validateState(match.kind, state))
    if (encodedBytes(text) > limits.presenceStateBytes) {
      const details = { limit: "presenceStateBytes", value: limits.presenceStateBytes }
      throw new MagpieError("TOO_LARGE", `a state has at most ${limits.presenceStateBytes} bytes`, { details })
    }
    const room = rooms.open(channel, match)
    try {
      connection.send({ type: "entered", ...withId(id), channel, member: residents.enter(connection, room, text, link) })
    } finally {
      rooms.release(room)
    }
  }

  function leave(connection: Connection, { id, channel }: Leave): void {
    residents.leave(connection, channel)
    connection.send({ type: "left", ...withId(id), channel })
  }

  async function watch(connection: Connection, message: Watch): Promise<void> {
    const { channel, mode = "all" } = message
    const match = await allowedMatch(connection, channel, "watch")
    if (match.kind.presence === undefined) throw noPresence(channel)
    const limit = pageLength(message.limit, limits)
    const bytes = await roomForPage(connection, channel)
    // It may have ended a step before this one.
    if (bytes === 0 || connection.open === undefined) return
    const mine = watches.get(connection) ?? new Map<string, PresenceWatch>()
    if (!mine.has(channel) && mine.size >= limits.watchesPerConnection) {
      const details = { limit: "watchesPerConnection" }
      throw new MagpieError("LIMIT_EXCEEDED", `a connection watches at most ${limits.watchesPerConnection} channels`, { details })
    }
    const room = rooms.open(channel, match)
    const earlier = mine.get(channel)
    const begun = new PresenceWatch(connection, room, { mode, limit, context, settlesInMs: () => settlesInMs(room) })
    earlier?.end()
    watches.set(connection, mine.set(channel, begun))
    begun.begin(message, bytes)
  }

  function unwatch(connection: Connection, { id, channel }: Unwatch): void {
    endWatch(connection, channel)
    connection.send({ type: "unwatched", ...withId(id), channel })
  }

  function endWatch(connection: Connection, channel: string): void {
    const mine = watches.get(connection)
    const ended = mine?.get(channel)
    if (mine === undefined || ended === undefined) return
    ended.end()
    mine.delete(channel)
    if (mine.size === 0) watches.delete(connection)
    rooms.release(ended.room)
  }

  async function members(connection: Connection, { id, channel, after, limit }: Members): Promise<void> {
    mayReadPage(connection)
    const match = await allowedMatch(connection, channel, "watch")
    if (match.kind.presence === undefined) throw noPresence(channel)
    const most = pageLength(limit, limits)
    const bytes = await roomForPage(connection, channel)
    if (bytes === 0) return
    const room = rooms.open(channel, match)
    rooms.release(room)
    const { page, next } = room.page(readCursor(room, after), most, bytes)
    connection.sendEncoded(context.codec.encodeMembers({ id, channel, counts: room.counts, next: cursorOf(room, next) }, page))
  }

  /** Waits until a page has room, as long as the right to it lasts, and says how many bytes; 0 where the connection ended meanwhile. */
  async function roomForPage(connection: Connection, channel: string): Promise<number> {
    while (connection.open !== undefined) {
      const bytes = connection.queue.roomForPage(pageBytes)
      if (bytes > 0) return bytes
      await connection.queue.nextRoom()
      if (connection.open !== undefined) await allowedMatch(connection, channel, "watch")
    }
    return 0
  }

  async function allowedMatch(connection: Connection, channel: string, action: Action): Promise<ChannelMatch> {
    const match = contract.match(channel)
    if (await authorizer.allowed(connection, channel, match, action)) return match
    throw forbidden(channel, action)
  }

  /** In turns, because the load has only just gone. */
  function releaseSome(held: Room[]): void {
    for (const room of held.splice(0, RELEASED_PER_TURN)) room.release()
    if (held.length > 0) clock.defer(() => releaseSome(held))
  }

  function act(connection: Connection, message: PresenceUp): void | Promise<void> {
    switch (message.type) {
      case "enter":
        return enter(connection, message)
      case "leave":
        return leave(connection, message)
      case "unwatch":
        return unwatch(connection, message)
      case "watch":
        return connection.answer(message.id, () => watch(connection, message))
      case "members":
        return connection.answer(message.id, () => members(connection, message))
    }
  }

  return {
    handle(connection, message) {
      contract.match(message.channel)
      try {
        return act(connection, message)
      } catch (failure) {
        connection.refuse(message.id, toMagpieError(failure))
      }
    },
    async reconsider(connection) {
      for (const channel of residents.renew(connection)) {
        const refusal = await authorizer.refusal(connection, channel, contract.match(channel), "enter")
        // Who has lost the link meanwhile comes in again with a question of its own, and is held until then.
        if (connection.open === undefined) return
        if (refusal === undefined || !residents.leave(connection, channel)) continue
        connection.tell({ type: "left", channel, code: refusal.code, message: refusal.reason })
      }
      for (const [channel, watched] of [...(watches.get(connection) ?? [])]) {
        const refusal = await authorizer.refusal(connection, channel, contract.match(channel), "watch")
        // Meanwhile the connection may have closed, or asked anew.
        if (refusal === undefined || watches.get(connection)?.get(channel) !== watched) continue
        dropWatch(connection, channel, refusal)
      }
    },
    closed(connection) {
      if ("code" in connection.state) residents.lost(connection, connection.state.code)
      for (const channel of [...(watches.get(connection)?.keys() ?? [])]) endWatch(connection, channel)
    },
    release() {
      releaseSome([...rooms])
    },
    features: hasPresence ? ["presence"] : [],
    of: reading.of,
    close() {
      stopListening()
      reading.close()
      rooms.close()
      federation?.close()
      residents.close()
      watches.clear()
    },
  }
}

function withId(id: number | undefined): { readonly id?: number } {
  return id === undefined ? {} : { id }
}

function noPresence(channel: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `"${channel}" has no presence`, { details: { field: "channel" } })
}
