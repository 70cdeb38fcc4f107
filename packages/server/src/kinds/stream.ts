import type { DurableLog } from "@magpie/journal"
import {
  type ChannelMatch,
  type Encoded,
  type History,
  type JsonText,
  type Limits,
  MagpieError,
  type Position,
  type Publish,
  type Receipts,
  type ServerCodec,
  type Subscribe,
  type Subscribed,
  toMagpieError,
  type Versions,
} from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { CatchUp } from "../channel/catch-up.ts"
import type { Followers } from "../channel/followers.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"
import { receiptsPage, versionsPage } from "./changed-pages.ts"
import { admitChange, isChange } from "./changing.ts"
import { admitPublish } from "./incoming.ts"
import type { KindHandler } from "./kind-handler.ts"
import { createPages } from "./pages.ts"
import { refusedChange } from "./refused-change.ts"
import { createSettling, sentBy } from "./settling.ts"
import { StreamSubscription } from "./stream-subscription.ts"

/** Messages in a page of history whose request names no limit. */
const PAGE_LENGTH = 50

export type SubscriptionStart = Pick<Subscribed, "answer" | "reason"> & { readonly position: Position }

export interface StreamHandlerOptions {
  readonly log: DurableLog
  readonly limits: Limits
  readonly authorizer: Authorizer
  readonly followers: Followers
  readonly catchUp: CatchUp
  /** Where a subscription begins. Default: where it says that it was, or how many of the last it asks for. */
  readonly startOf?: (message: Subscribe) => SubscriptionStart
  /** A connection follows the channel no longer. */
  readonly onLeft?: (connection: Connection, channel: string) => void
}

/** Streams: one order, exactly once in effect, resumable [G1–G5]. */
export function createStreamHandler(options: StreamHandlerOptions): KindHandler {
  const { log, limits, authorizer, followers, catchUp, startOf = startOfStream, onLeft } = options
  const pageBytes = Math.min(limits.historyPageBytes, limits.queuedBytes / 2)
  const settling = createSettling(log, limits)
  const pages = createPages(authorizer, pageBytes)

  function publish(connection: Connection, message: Publish, match: ChannelMatch): void | Promise<void> {
    if (settling.isBusy(connection, message)) return
    if (isChange(message.name)) {
      return admitChange(connection, message, match, { log, authorizer, limits }).then(
        (change) => settling.settle(connection, message, log.change({ ...sentBy(connection, message, match), change }), refusedChange),
        (failure) => settling.refuse(connection, message, match, toMagpieError(failure)),
      )
    }
    try {
      const data = admitPublish(connection, message, match, authorizer)
      if (!(data instanceof Promise)) return append(connection, message, match, data)
      return data.then(
        (text) => append(connection, message, match, text),
        (failure) => settling.refuse(connection, message, match, toMagpieError(failure)),
      )
    } catch (failure) {
      return settling.refuse(connection, message, match, toMagpieError(failure))
    }
  }

  /** Puts the message in line; the answer comes when it is durable, and nobody waits for that. */
  function append(connection: Connection, message: Publish, match: ChannelMatch, data: JsonText): void {
    settling.settle(connection, message, log.publish({ ...sentBy(connection, message, match), name: message.name, data }), refusedChange)
  }

  function startOfStream(message: Subscribe): SubscriptionStart {
    const newest = log.newest(message.channel)
    if (message.position !== undefined) return log.resume(message.channel, message.position)
    if (message.last === undefined) return { answer: "new", position: newest }
    const page = log.readBefore(message.channel, newest.offset + 1, {
      maxCount: Math.min(message.last, limits.historyPage),
      maxBytes: pageBytes,
    })
    const first = page.publications[0]?.offset
    return { answer: "new", position: first === undefined ? newest : { epoch: newest.epoch, offset: first - 1 } }
  }

  return {
    publish,
    whenReady: ({ channel, position }) => (position === undefined ? undefined : log.behind(channel, position)),
    subscribe(connection, message, match) {
      const start = startOf(message)
      connection.send({
        type: "subscribed",
        ...(message.id === undefined ? undefined : { id: message.id }),
        channel: message.channel,
        kind: match.kind.kind,
        ...start,
      })
      const live = followers.follow(message.channel, match)
      return new StreamSubscription(connection, live, start.position.offset, {
        log,
        catchUp,
        overflow: authorizer.rulesOf(match.pattern)?.overflow === "disconnect" ? "disconnect" : "read-log",
        queuedBytes: limits.queuedBytes,
        onEnd(left) {
          followers.unfollow(left)
          onLeft?.(connection, left.name)
        },
      })
    },
    history: (connection, message, match) =>
      pages.answer(connection, message.channel, match, "history", () => readHistory(connection.codec, message)),
    versions: (connection, message, match) =>
      pages.answer(connection, message.channel, match, "versions", () => readVersions(connection.codec, message)),
    receipts: (connection, message, match) =>
      pages.answer(connection, message.channel, match, "history", () => readReceipts(connection.codec, message)),
    newest: (channel) => log.newest(channel),
  }

  function readVersions(codec: ServerCodec, { id, channel, offset }: Versions): Encoded {
    return codec.encode({ ...versionsPage(log, channel, offset, pageBytes), ...(id === undefined ? undefined : { id }) })
  }

  function readReceipts(codec: ServerCodec, { id, channel, after = "", limit = limits.historyPage }: Receipts): Encoded {
    const page = receiptsPage(log, channel, after, Math.min(limit, limits.historyPage))
    return codec.encode({ ...page, ...(id === undefined ? undefined : { id }) })
  }

  function readHistory(codec: ServerCodec, message: History): Encoded {
    const { channel, before, after, limit } = message
    if (before !== undefined && after !== undefined)
      throw new MagpieError("BAD_REQUEST", "history goes before or after an offset, not both", { details: { field: "before" } })
    const wanted = limit ?? Math.min(PAGE_LENGTH, limits.historyPage)
    if (wanted > limits.historyPage) {
      throw new MagpieError("BAD_REQUEST", `limit must be at most ${limits.historyPage}`, {
        details: { field: "limit", limit: "historyPage" },
      })
    }
    const position = log.newest(channel)
    for (let maxBytes = pageBytes; ; maxBytes /= 2) {
      const bounds = { maxCount: wanted, maxBytes }
      const page =
        after === undefined ? log.readBefore(channel, before ?? position.offset + 1, bounds) : log.readAfter(channel, after, bounds)
      const encoded = codec.encodePage({ id: message.id, channel, more: page.more, position }, page.publications)
      // Names and JSON's own signs come on top of what the log counts.
      if (page.publications.length <= 1 || encodedBytes(encoded) <= limits.queuedBytes) return encoded
    }
  }
}
