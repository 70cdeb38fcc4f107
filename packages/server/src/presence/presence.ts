import type { Control } from "@magpie/journal"
import { type Contract, type PresenceUp, toMagpieError } from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { CheckedOptions, CoreEnvironment } from "../options.ts"
import type { Connection } from "../session/connection.ts"
import type { PageMeter } from "../session/page-meter.ts"
import { createEntering } from "./entering.ts"
import { createFederation, type Federation } from "./federation.ts"
import type { PresenceContext } from "./presence-context.ts"
import { createReadPresence, type ServerPresence } from "./read-presence.ts"
import { Residents } from "./residents.ts"
import type { Room } from "./room.ts"
import { createRooms } from "./rooms.ts"
import { createWatching } from "./watching.ts"

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
  const entering = createEntering({ context, contract, authorizer, rooms, residents })
  const watching = createWatching({ context, contract, authorizer, rooms, mayReadPage, settlesInMs })
  const reading = createReadPresence({ clock, contract, limits, rooms, missing: (room) => federation?.missing(room) ?? [] })
  const stopListening = control.onChange((change) => {
    if (change.type === "revoked") residents.revoke(change)
    else if (change.type === "stale") guard()
  })

  /** Whoever can be revoked watches nothing where this node may not know who was; they ask again. */
  function guard(): void {
    if (!control.fresh) watching.endRevocable()
  }

  /** A young server, or one that follows a room since a moment ago, does not know yet who comes back. */
  function settlesInMs(room: Room): number | undefined {
    const sinceMs = federation === undefined ? startedAtMs : Math.max(startedAtMs, room.openedAtMs)
    const leftMs = Math.ceil(sinceMs + leaseMs - clock.monotonic())
    return leftMs > 0 ? leftMs : undefined
  }

  /** In turns, because the load has only just gone. */
  function releaseSome(held: Room[]): void {
    for (const room of held.splice(0, RELEASED_PER_TURN)) room.release()
    if (held.length > 0) clock.defer(() => releaseSome(held))
  }

  function act(connection: Connection, message: PresenceUp): void | Promise<void> {
    switch (message.type) {
      case "enter":
        return entering.enter(connection, message)
      case "leave":
        return entering.leave(connection, message)
      case "unwatch":
        return watching.unwatch(connection, message)
      case "watch":
        return connection.answer(message.id, () => watching.watch(connection, message))
      case "members":
        return connection.answer(message.id, () => watching.members(connection, message))
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
      await entering.reconsider(connection)
      await watching.reconsider(connection)
    },
    closed(connection) {
      if ("code" in connection.state) residents.lost(connection, connection.state.code)
      watching.closed(connection)
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
      watching.close()
    },
  }
}
