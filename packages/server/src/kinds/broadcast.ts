import {
  type ChannelMatch,
  type Clock,
  type JsonText,
  type Log,
  MagpieError,
  type Publication,
  type Publish,
  toMagpieError,
} from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { Followers } from "../channel/followers.ts"
import type { NewestPerKey } from "../channel-rules.ts"
import type { Counters } from "../metrics/counters.ts"
import type { Connection } from "../session/connection.ts"
import { type BroadcastOverflow, BroadcastSubscription } from "./broadcast-subscription.ts"
import { admitPublish } from "./incoming.ts"
import { createKeyReader, type KeyReader } from "./key-reader.ts"
import type { KindHandler } from "./kind-handler.ts"

export interface BroadcastHandlerOptions {
  readonly clock: Clock
  readonly authorizer: Authorizer
  readonly followers: Followers
  readonly counters: Counters
  readonly log: Log
  readonly publish: (publication: Publication) => void
}

/** Broadcasts: at most once, nothing stored. */
export function createBroadcastHandler(options: BroadcastHandlerOptions): KindHandler {
  const { clock, authorizer, followers, counters, log, publish } = options
  const readers = new WeakMap<NewestPerKey, KeyReader>()

  function readerOf(rule: NewestPerKey): KeyReader {
    const known = readers.get(rule)
    if (known !== undefined) return known
    const reader = createKeyReader(rule, log)
    readers.set(rule, reader)
    return reader
  }

  function overflowOf(pattern: string): BroadcastOverflow {
    const rule = authorizer.rulesOf(pattern)?.overflow
    if (typeof rule === "object") return readerOf(rule)
    return rule === "disconnect" ? rule : "drop-oldest"
  }

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
      return new BroadcastSubscription(connection, live, {
        overflow: overflowOf(match.pattern),
        counters,
        onEnd: (left) => followers.unfollow(left),
      })
    },
    history(_connection, message) {
      throw new MagpieError("BAD_REQUEST", `"${message.channel}" is a broadcast and keeps no history`, { details: { field: "channel" } })
    },
    newest: () => undefined,
  }
}
