import type { DurableLog, Outcome } from "@magpie/journal"
import {
  type AckLevel,
  type ChannelMatch,
  type Clock,
  type KindOf,
  MagpieError,
  type MessageInput,
  type MessageName,
  type MessageOutput,
  type PatternOf,
  type Position,
  type Publication,
  type StateOutput,
  toJsonText,
  validateMessage,
} from "@magpie/protocol"
import type { Followers } from "../channel/followers.ts"
import type { Presence } from "../presence/presence.ts"
import type { ServerPresence } from "../presence/read-presence.ts"

/** A message as server code reads it back. */
export interface ServerMessage<K> {
  readonly name: MessageName<K>
  readonly data: MessageOutput<K, MessageName<K>>
  readonly offset: number
  readonly at: number
  readonly from: string | undefined
  readonly ref: string | undefined
}

export interface ServerPublishOptions {
  /** The user in whose name it is published. Default: none, which is the server itself. */
  readonly from?: string
  /** An idempotency key: a repetition with the same key and content is stored once. */
  readonly key?: string
}

export interface ServerReceipt {
  readonly position: Position
  readonly level: AckLevel
  readonly duplicate: boolean
}

interface AnyServerChannel {
  readonly name: string
  /** Connections of this server that follow the channel. */
  readonly subscribers: number
}

export interface ServerStreamChannel<K> extends AnyServerChannel {
  readonly kind: "stream"
  /** Resolves when it is durable [G1]. Fails with BAD_REQUEST, CONFLICT, EXPIRED, UNAVAILABLE, STORAGE_FENCED or CLOSED. */
  publish<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: ServerPublishOptions): Promise<ServerReceipt>
  /** The newest messages in order, at most `last`. */
  history(options: { readonly last: number }): readonly ServerMessage<K>[]
  readonly position: Position
}

export interface ServerBroadcastChannel<K> extends AnyServerChannel {
  readonly kind: "broadcast"
  publish<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: Pick<ServerPublishOptions, "from">): void
}

export type ServerChannelOf<K> = K extends { readonly kind: "stream" }
  ? ServerStreamChannel<K> & PresencePart<K>
  : K extends { readonly kind: "broadcast" }
    ? ServerBroadcastChannel<K> & PresencePart<K>
    : never

/** Who is present, where the contract gives the channel presence. */
type PresencePart<K> = [StateOutput<K>] extends [never] ? unknown : { readonly presence: ServerPresence<StateOutput<K>> }

/** The channel behind a concrete name of a contract. */
export type ServerChannel<C, N extends string> = ServerChannelOf<KindOf<C, PatternOf<C, N>>>

export interface ServerChannelContext {
  readonly clock: Clock
  readonly log: DurableLog
  readonly followers: Followers
  readonly broadcast: (publication: Publication) => void
  readonly presence: Pick<Presence, "of">
}

type AnyKind = { readonly messages: Readonly<Record<string, never>> }

export function createServerChannel(
  name: string,
  match: ChannelMatch,
  context: ServerChannelContext,
): (ServerStreamChannel<AnyKind> | ServerBroadcastChannel<AnyKind>) & { readonly presence?: ServerPresence } {
  const { clock, log, followers, broadcast } = context
  const presence = match.kind.presence && { presence: context.presence.of(name) }
  const write = (message: string, data: unknown) => toJsonText(validateMessage(match.kind, message, data))

  if (match.kind.kind === "broadcast") {
    return {
      ...presence,
      kind: "broadcast",
      name,
      get subscribers() {
        return followers.count(name)
      },
      publish: (message, data, options = {}) =>
        broadcast({ channel: name, name: message, data: write(message, data), at: clock.now(), from: options.from }),
    }
  }
  return {
    ...presence,
    kind: "stream",
    name,
    get subscribers() {
      return followers.count(name)
    },
    get position() {
      return log.newest(name)
    },
    async publish(message, data, { from, key } = {}) {
      const outcome = await log.publish({
        channel: name,
        pattern: match.pattern,
        name: message,
        data: write(message, data),
        from,
        key: key === undefined ? undefined : `server/${key}`,
      })
      return receiptOf(outcome, log.level)
    },
    history({ last }) {
      const page = log.readBefore(name, log.newest(name).offset + 1, { maxCount: last, maxBytes: Number.MAX_SAFE_INTEGER })
      return page.publications.map((publication) => readBack(publication))
    },
  }
}

/** What became of a publish with a key or without one. Fails with CONFLICT or EXPIRED. */
export function receiptOf(outcome: Outcome, level: AckLevel): ServerReceipt {
  if (outcome.result === "stored" || outcome.result === "duplicate") {
    return { position: outcome.position, level, duplicate: outcome.result === "duplicate" }
  }
  if (outcome.result === "conflict") throw new MagpieError("CONFLICT", "this key stands for another message")
  throw new MagpieError("EXPIRED", "the outcome of this key is no longer remembered")
}

function readBack({ name, data, offset, at, from, ref }: Publication): ServerMessage<AnyKind> {
  return { name, data: JSON.parse(data) as never, offset: offset ?? 0, at, from, ref }
}
