import type {
  AckLevel,
  Changed,
  KindName,
  MagpieError,
  MessageInput,
  MessageName,
  MessageOutput,
  Position,
  UnrecoverableReason,
} from "@magpie/protocol"

/** A message as a listener gets it. */
export interface Received<Name extends string = string, Data = unknown> {
  readonly channel: string
  readonly name: Name
  readonly data: Data
  /** Server time, milliseconds since 1970. */
  readonly at: number
  /** The publisher's user id; undefined for the server itself and for anonymous ones. */
  readonly from: string | undefined
  /** The sender's own reference, as given to `send`. */
  readonly ref: string | undefined
  /** Its place in the channel's log; undefined on a broadcast. */
  readonly offset: number | undefined
  /** Tells it from any other message that ever stood at that offset. */
  readonly mark: string | undefined
  /** What became of it since it was published; undefined where nothing did. Later changes are told by `@magpie/client/changes`. */
  readonly changed: Changed | undefined
}

/** Any message of a kind, told apart by `name`. */
export type MessageOf<K> = { [N in MessageName<K>]: Received<N, MessageOutput<K, N>> }[MessageName<K>]

export interface SendOptions {
  /** Comes back on the message as `ref`. Default: drawn at random. */
  readonly ref?: string
  /** Stops waiting. A message that has not left yet is not sent; one that has may still be stored. */
  readonly signal?: AbortSignal
  /** Fails with TIMEOUT after so many milliseconds. Default: waits until the outcome is known. */
  readonly timeoutMs?: number
}

/** Proof that a message is stored. */
export interface Receipt {
  readonly position: Position
  /** What a crash must do to lose it. */
  readonly level: AckLevel
  /** An earlier try had already been stored. */
  readonly duplicate: boolean
}

/**
 * Where a subscription begins. A channel has one, for all its listeners and loops: while it is subscribed, another start
 * gives nobody a message twice and leaves out none that is still to come. What is asked for again is not delivered again,
 * and a start that lies further ahead is not taken. `unsubscribe()` first begins anew; `history()` reads what was.
 */
export interface SubscribeOptions {
  /** Begin with the newest messages, so many. */
  readonly last?: number
  /** Begin right after this position, as an earlier subscription reached it. */
  readonly position?: Position
}

/** Messages that are missing for good, told before anything newer [G4]. */
export interface GapNotice {
  readonly channel: string
  readonly reason: UnrecoverableReason | "slow"
  /** First and last missing offset, where they are known. */
  readonly from: number | undefined
  readonly to: number | undefined
  /** Missing messages of a broadcast, counted. */
  readonly skipped: number | undefined
}

export type SubscriptionState =
  | { readonly state: "idle" }
  /** Asked for, not yet answered: while connecting, resuming, or filling a hole. */
  | { readonly state: "subscribing" }
  | { readonly state: "live" }
  /** The server refused or ended it; `subscribe()` asks again. */
  | { readonly state: "refused"; readonly error: MagpieError }

export interface SubscriptionEvents {
  state: SubscriptionState
  gap: GapNotice
  /** A resume gave everything that was missed. */
  recovered: { readonly position: Position }
}

export interface Subscription {
  readonly state: SubscriptionState
  /** The last position reached; undefined before the first answer and on a broadcast. */
  readonly position: Position | undefined
  on<E extends keyof SubscriptionEvents>(event: E, listener: (value: SubscriptionEvents[E]) => void): () => void
}

export interface IterateOptions extends SubscribeOptions {
  readonly signal?: AbortSignal
  /** Messages held for a slow loop; one more ends it with LIMIT_EXCEEDED. Default 10,000. */
  readonly maxBuffered?: number
}

interface ChannelBase<K> {
  readonly name: string
  /** Undefined until it is known: from the contract's value at once, else from the first welcome. */
  readonly kind: KindName | undefined
  readonly subscription: Subscription
  /** Calls the listener for each message of that name, and subscribes while there is a listener. Returns its disposer. */
  on<N extends MessageName<K>>(name: N, listener: (message: Received<N, MessageOutput<K, N>>) => void): () => void
  /** Every message, whatever its name. */
  onAny(listener: (message: MessageOf<K>) => void): () => void
  /**
   * Subscribes without a listener, or anew from another start; resolves when the server has answered. Fails with FORBIDDEN and
   * others; where the signal fires before the answer, with ABORTED, and the channel is left again unless somebody else needs it.
   */
  subscribe(options?: SubscribeOptions & { readonly signal?: AbortSignal }): Promise<void>
  unsubscribe(): Promise<void>
  /** Messages as an async iterable; leaving the loop unsubscribes. */
  messages(options?: IterateOptions): AsyncIterable<MessageOf<K>>
}

export interface HistoryOptions {
  /** Messages before this offset. Default: the newest. */
  readonly before?: number
  /** Messages after this offset, instead. */
  readonly after?: number
  /** Default: the server's, which is 50. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface HistoryPage<K> {
  /** In the channel's order, oldest first. */
  readonly messages: readonly MessageOf<K>[]
  readonly more: boolean
  /** The newest position of the channel at the time of the answer. */
  readonly position: Position
  /** The next page in the same direction; undefined where `more` is false. */
  next(): Promise<HistoryPage<K>> | undefined
}

/** A `stream` seen from the client [G1–G5]. `Unknown` is never where the contract's value was given. */
export interface StreamChannel<K, Unknown extends undefined = undefined> extends ChannelBase<K> {
  readonly kind: "stream" | Unknown
  /**
   * Resolves when the message is durable, however often the link breaks meanwhile; it is stored once [G1, G2]. Sends of one
   * client on one channel are stored in the order of the calls [G3]. Fails with FORBIDDEN, BAD_REQUEST, TOO_LARGE, CONFLICT,
   * EXPIRED, LIMIT_EXCEEDED, TIMEOUT, ABORTED or CLOSED.
   */
  send<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: SendOptions): Promise<Receipt>
  history(options?: HistoryOptions): Promise<HistoryPage<K>>
}

/** A `broadcast` seen from the client: at most once. */
export interface BroadcastChannel<K, Unknown extends undefined = undefined> extends ChannelBase<K> {
  readonly kind: "broadcast" | Unknown
  /**
   * Hands the message to the link; where there is none it is dropped, and nothing is ever repeated. What the server refuses
   * comes as the client's `error` event. Throws BAD_REQUEST on data that the contract's value refuses, and CLOSED. Before
   * the first welcome of a client that has only the contract's type, it waits for that and goes out then.
   */
  send<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: { readonly ref?: string }): void
  /** As `send`, and resolves when the server has passed it on. Fails with UNAVAILABLE when offline, and as a stream's send. */
  sendAcknowledged<N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: SendOptions): Promise<void>
}

/** A `table` seen from the client. `table` of `@magpie/client/table` follows and writes its rows. */
export interface TableChannel<K, Unknown extends undefined = undefined> {
  readonly name: string
  readonly kind: "table" | Unknown
  /** For types alone: never there. */
  readonly typed?: (kind: K) => K
}

/** Commands seen from the client. `commands` of `@magpie/client/command` calls them, and `serveCommands` runs them. */
export interface CommandChannel<K, Unknown extends undefined = undefined> {
  readonly name: string
  readonly kind: "command" | Unknown
  /** For types alone: never there. */
  readonly typed?: (kind: K) => K
}

/** A `document` seen from the client. `openDocument` of `@magpie/client/document` edits it. */
export interface DocumentChannel<K, Unknown extends undefined = undefined> {
  readonly name: string
  readonly kind: "document" | Unknown
  /** For types alone: never there. */
  readonly typed?: (kind: K) => K
}

/** The channel that stands behind a kind. */
export type ChannelOfKind<K, Unknown extends undefined = undefined> = K extends { readonly kind: "stream" }
  ? StreamChannel<K, Unknown>
  : K extends { readonly kind: "broadcast" }
    ? BroadcastChannel<K, Unknown>
    : K extends { readonly kind: "table" }
      ? TableChannel<K, Unknown>
      : K extends { readonly kind: "command" }
        ? CommandChannel<K, Unknown>
        : K extends { readonly kind: "document" }
          ? DocumentChannel<K, Unknown>
          : never
