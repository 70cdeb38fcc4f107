import {
  type Addition,
  type ChannelMatch,
  type CommandKind,
  DELETED,
  type KindOf,
  type MessageInput,
  type MessageName,
  type MessagesWith,
  type PatternOf,
  type Position,
  type Publication,
  type StateOutput,
  type TableKind,
  toJsonText,
  validateMessage,
} from "@magpie/protocol"
import type { WantedChange } from "../kinds/change-of.ts"
import { serverChange } from "../kinds/server-change.ts"
import type { Presence } from "../presence/presence.ts"
import type { ServerPresence } from "../presence/read-presence.ts"
import { messageOf, type ServerMessage, type ServerStreamReading, serverStreamReading } from "../reading/server-stream-reading.ts"
import type { StreamFeeds } from "../reading/stream-feed.ts"
import { createServerCommands, type ServerCommands, type ServerCommandsContext } from "./server-commands.ts"
import { type AnyServerChannel, receiptOf, type ServerPublishOptions, type ServerReceipt } from "./server-receipt.ts"
import { createServerTable, type ServerTable } from "./server-table.ts"
import type { TablesLog } from "./tables-log.ts"

/** A message that is to be changed, as `history` gives it or as a receipt's position names it. With its mark it cannot be another one. */
export interface MessagePlace<N extends string> {
  readonly name: N
  readonly offset: number
  readonly mark?: string | undefined
}

export interface ServerStreamChannel<K> extends AnyServerChannel, ServerStreamReading<K> {
  readonly kind: "stream"
  /** Resolves when it is durable [G1]. Fails with BAD_REQUEST, CONFLICT, EXPIRED, UNAVAILABLE, STORAGE_FENCED or CLOSED. */
  publish<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: ServerPublishOptions): Promise<ServerReceipt>
  /**
   * Gives a message new data, whoever its author is; the contract must have that. Resolves as `publish` does. Fails with BAD_REQUEST,
   * UNRECOVERABLE where the message is not in history, CONFLICT where it was deleted, and as `publish`.
   */
  edit<N extends MessagesWith<K, "edit">>(
    message: MessagePlace<N>,
    data: MessageInput<K, N>,
    options?: ServerPublishOptions,
  ): Promise<ServerReceipt>
  /** Adds to the end of the field that the contract names; as `edit`, and fails with TOO_LARGE. */
  append<N extends MessagesWith<K, "append">>(
    message: MessagePlace<N>,
    addition: Addition<K, N>,
    options?: ServerPublishOptions,
  ): Promise<ServerReceipt>
  /** Takes a message's data away for everybody. With `erase` also what it said before, where the contract keeps that. As `edit`. */
  delete<N extends MessagesWith<K, "delete">>(
    message: MessagePlace<N>,
    options?: ServerPublishOptions & { readonly erase?: boolean },
  ): Promise<ServerReceipt>
  /** The newest messages in order, at most `last`; of deleted ones none. */
  history(options: { readonly last: number }): readonly ServerMessage<K>[]
  readonly position: Position
}

export interface ServerBroadcastChannel<K> extends AnyServerChannel {
  readonly kind: "broadcast"
  publish<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: Pick<ServerPublishOptions, "from">): void
}

/** A document as server code sees it: its log is opaque here. */
export interface ServerDocument extends AnyServerChannel {
  readonly kind: "document"
  /** Of its newest edit. */
  readonly position: Position
}

export type ServerChannelOf<K> = K extends { readonly kind: "stream" }
  ? ServerStreamChannel<K> & PresencePart<K>
  : K extends { readonly kind: "broadcast" }
    ? ServerBroadcastChannel<K> & PresencePart<K>
    : K extends { readonly kind: "table" }
      ? ServerTable<K> & PresencePart<K>
      : K extends { readonly kind: "command" }
        ? ServerCommands<K> & PresencePart<K>
        : K extends { readonly kind: "document" }
          ? ServerDocument & PresencePart<K>
          : never

/** Who is present, where the contract gives the channel presence. */
type PresencePart<K> = [StateOutput<K>] extends [never] ? unknown : { readonly presence: ServerPresence<StateOutput<K>> }

/** The channel behind a concrete name of a contract. */
export type ServerChannel<C, N extends string> = ServerChannelOf<KindOf<C, PatternOf<C, N>>>

export interface ServerChannelContext extends ServerCommandsContext {
  readonly log: TablesLog
  readonly broadcast: (publication: Publication) => void
  readonly presence: Pick<Presence, "of">
  readonly feeds: StreamFeeds
}

type AnyKind = { readonly messages: Readonly<Record<string, never>> }

export function createServerChannel(
  name: string,
  match: ChannelMatch,
  context: ServerChannelContext,
): (
  | ServerStreamChannel<AnyKind>
  | ServerBroadcastChannel<AnyKind>
  | ServerTable<TableKind>
  | ServerCommands<CommandKind>
  | ServerDocument
) & {
  readonly presence?: ServerPresence
} {
  const { clock, log, followers, broadcast } = context
  const presence = match.kind.presence && { presence: context.presence.of(name) }
  const write = (message: string, data: unknown) => toJsonText(validateMessage(match.kind, message, data))

  if (match.kind.kind === "table") {
    const its = createServerTable(name, match.pattern, match.kind, context)
    return Object.defineProperties(its, presence === undefined ? {} : Object.getOwnPropertyDescriptors(presence))
  }
  if (match.kind.kind === "command") {
    const its = createServerCommands(name, match, context)
    return Object.defineProperties(its, presence === undefined ? {} : Object.getOwnPropertyDescriptors(presence))
  }
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
  if (match.kind.kind === "document") {
    return {
      ...presence,
      kind: "document",
      name,
      get subscribers() {
        return followers.count(name)
      },
      get position() {
        return log.newest(name)
      },
    }
  }
  return {
    ...presence,
    ...serverStreamReading(name, context.feeds),
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
    edit: (message, data, options) => change(message, { action: "edit", data }, options),
    append: (message, data, options) => change(message, { action: "append", data }, options),
    delete: (message, { erase, ...options } = {}) => change(message, { action: "delete", erase }, options),
    history({ last }) {
      const page = log.readBefore(name, log.newest(name).offset + 1, { maxCount: last, maxBytes: Number.MAX_SAFE_INTEGER })
      return page.publications.filter((publication) => publication.name !== DELETED).map(messageOf)
    },
  }

  async function change(
    message: MessagePlace<string>,
    wanted: WantedChange,
    { from, key }: ServerPublishOptions = {},
  ): Promise<ServerReceipt> {
    const request = serverChange(context, name, match, message, wanted)
    const ofServer = key === undefined ? undefined : `server/${key}`
    return receiptOf(await log.change({ ...request, from, key: ofServer }), log.level)
  }
}
