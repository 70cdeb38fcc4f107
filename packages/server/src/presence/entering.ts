import {
  type ChannelMatch,
  type Contract,
  closeReason,
  type Enter,
  type Leave,
  MagpieError,
  toJsonText,
  validateState,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"
import type { PresenceContext } from "./presence-context.ts"
import type { Residents } from "./residents.ts"
import type { Rooms } from "./rooms.ts"

/** What connections say of their own presence. */
export interface Entering {
  /** Fails with what is the answer; where the right to it takes its time, that is given later. */
  enter(connection: Connection, message: Enter): void | Promise<void>
  leave(connection: Connection, message: Leave): void
  /** Ends what the connection's fresh token no longer allows; where that cannot be told, the connection. */
  reconsider(connection: Connection): Promise<void>
}

export interface EnteringOptions {
  readonly context: PresenceContext
  readonly contract: Contract
  readonly authorizer: Authorizer
  readonly rooms: Rooms
  readonly residents: Residents
}

export function createEntering({ context, contract, authorizer, rooms, residents }: EnteringOptions): Entering {
  const { presenceStateBytes } = context.limits

  function admit(connection: Connection, { id, channel, state, link }: Enter, match: ChannelMatch, allowed: boolean): void {
    if (connection.open === undefined) return
    if (!allowed) {
      // It may have been a member by an earlier right.
      residents.leave(connection, channel)
      throw forbidden(channel, "enter")
    }
    const text = toJsonText(validateState(match.kind, state))
    if (encodedBytes(text) > presenceStateBytes) {
      const details = { limit: "presenceStateBytes", value: presenceStateBytes }
      throw new MagpieError("TOO_LARGE", `a state has at most ${presenceStateBytes} bytes`, { details })
    }
    const room = rooms.open(channel, match)
    try {
      connection.send({ type: "entered", ...withId(id), channel, member: residents.enter(connection, room, text, link) })
    } finally {
      rooms.release(room)
    }
  }

  return {
    enter(connection, message): void | Promise<void> {
      const match = contract.match(message.channel)
      const allowed = authorizer.allowed(connection, message.channel, match, "enter")
      if (allowed instanceof Promise) return connection.answer(message.id, async () => admit(connection, message, match, await allowed))
      admit(connection, message, match, allowed)
    },
    leave(connection, { id, channel }) {
      residents.leave(connection, channel)
      connection.send({ type: "left", ...withId(id), channel })
    },
    async reconsider(connection) {
      for (const channel of residents.renew(connection)) {
        const refusal = await authorizer.refusal(connection, channel, contract.match(channel), "enter")
        // Who has lost the link meanwhile comes in again with a question of its own, and is held until then.
        if (connection.open === undefined) return
        // A client that is told to leave stays away; one that comes back is held until it has been asked about.
        if (refusal?.code === "UNAVAILABLE")
          return connection.close("TRY_AGAIN_LATER", closeReason("cannot tell now", refusal.retryAfterMs))
        if (refusal === undefined || !residents.leave(connection, channel)) continue
        connection.tell({ type: "left", channel, code: refusal.code, message: refusal.reason })
      }
    },
  }
}

function withId(id: number | undefined): { readonly id?: number } {
  return id === undefined ? {} : { id }
}
