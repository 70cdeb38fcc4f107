import { type ChannelMatch, type Clock, type JsonText, MagpieError, type Publication, type Publish, toMagpieError } from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { Followers } from "../channel/followers.ts"
import type { Connection } from "../session/connection.ts"
import { BroadcastSubscription } from "./broadcast-subscription.ts"
import { admitPublish } from "./incoming.ts"
import type { KindHandler } from "./kind-handler.ts"

export interface BroadcastHandlerOptions {
  readonly clock: Clock
  readonly authorizer: Authorizer
  readonly followers: Followers
  readonly publish: (publication: Publication) => void
}

/** Broadcasts: at most once, nothing stored. */
export function createBroadcastHandler({ clock, authorizer, followers, publish }: BroadcastHandlerOptions): KindHandler {
  function passOn(connection: Connection, message: Publish, data: JsonText): void {
    const { channel, name, ref, id } = message
    publish({ channel, name, data, at: clock.now(), from: connection.userId, ref })
    if (id !== undefined) connection.send({ type: "published", id })
  }

  return {
    publish(connection, message, match: ChannelMatch) {
      try {
        const data = admitPublish(connection, message, match, authorizer)
        if (!(data instanceof Promise)) return passOn(connection, message, data)
        return data.then(
          (text) => passOn(connection, message, text),
          (failure) => connection.refuse(message.id, toMagpieError(failure)),
        )
      } catch (failure) {
        return connection.refuse(message.id, toMagpieError(failure))
      }
    },
    subscribe(connection, message, match) {
      connection.send({
        type: "subscribed",
        ...(message.id === undefined ? undefined : { id: message.id }),
        channel: message.channel,
        kind: "broadcast",
        answer: "new",
      })
      const live = followers.follow(message.channel, match)
      return new BroadcastSubscription(connection, live, (left) => followers.unfollow(left))
    },
    history(_connection, message) {
      throw new MagpieError("BAD_REQUEST", `"${message.channel}" is a broadcast and keeps no history`, { details: { field: "channel" } })
    },
    newest: () => undefined,
  }
}
