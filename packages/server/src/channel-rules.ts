import {
  type AWARENESS,
  type CHANGE,
  type COMMAND,
  type CommandGiven,
  type CommandName,
  type CommandResult,
  type KindOf,
  MagpieError,
  type MessageInput,
  type MessageName,
  type MessageOutput,
  type ParamsOf,
  type ProgressInput,
  type READ,
  type ROW,
  type UPDATE,
} from "@magpie/protocol"
import type { User } from "./access/identity.ts"
import type { MessageRate } from "./access/message-rates.ts"

/**
 * What somebody wants to do on a channel: `enter` is to be present on it, `watch` to be told who is. `edit`, `delete` and
 * `append` are about messages of one's own, `edit-any` and `delete-any` about those of others, where the contract lets
 * others at all; `versions` is to read what messages said before. `write` is about one row of a table. `call` is about one
 * command, `cancel-any` about those that others called, and `serve` is to be the device that runs a channel's commands; their
 * ledger is read with `subscribe` and `history`. On a document `publish` is to edit it.
 */
export type Action =
  | "subscribe"
  | "publish"
  | "history"
  | "watch"
  | "enter"
  | "edit"
  | "edit-any"
  | "delete"
  | "delete-any"
  | "append"
  | "react"
  | "receipt"
  | "versions"
  | "write"
  | "call"
  | "cancel-any"
  | "serve"

export interface AuthorizeRequest<U extends User, Params> {
  /** Undefined for an anonymous one. */
  readonly user: U | undefined
  readonly channel: string
  readonly params: Params
  readonly action: Action
  /** The row that is to be written, or the name of the command that is called. */
  readonly key?: string
}

export interface AcceptRequest<U extends User, Params, Data> extends Omit<AuthorizeRequest<U, Params>, "action"> {
  /** Of a change: what the whole message will say. */
  readonly data: Data
  readonly connection: string
  /** Absent on a new message. */
  readonly change?: "edit" | "append"
}

/** Another message in its place, or nothing to leave it as it is. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case and must be allowed.
type Replacement<Data> = Data | undefined | void | Promise<Data | undefined | void>

type Acceptors<C, P extends string, U extends User> = {
  readonly [N in MessageName<KindOf<C, P>>]?: (
    request: AcceptRequest<U, ParamsOf<P>, MessageOutput<KindOf<C, P>, N>>,
  ) => Replacement<MessageInput<KindOf<C, P>, N>>
}

/** A message of a broadcast as its overflow policy sees it. */
export type OverflowMessage<K> = {
  readonly [N in MessageName<K>]: { readonly name: N; readonly data: MessageOutput<K, N>; readonly from: string | undefined }
}[MessageName<K>]

/**
 * What becomes of a subscriber whose connection has no room for what comes: it reads more slowly than the channel speaks,
 * and `queuedBytes` are held for it [G6].
 *
 * A broadcast skips, and tells each subscriber exactly how many messages it missed, before anything newer:
 * - `"drop-oldest"`, the default: the newest that fit are kept until there is room.
 * - `{ newestPerKey }`: of the messages with the same key only the newest is kept, until the oldest has to go; undefined
 *   stands for no key. Called once for each message that has to wait for somebody.
 * - `"disconnect"`: the connection is closed with SLOW_CONSUMER.
 *
 * A table gives the newest of each row later:
 * - `"newest"`, the default and the only one.
 *
 * A stream loses nothing either way:
 * - `"read-log"`, the default: what has no room is read from the log later.
 * - `"disconnect"`: the connection is closed with SLOW_CONSUMER, and its client resumes.
 */
export type Overflow<K> = K extends { readonly kind: "broadcast" }
  ? "drop-oldest" | "disconnect" | { readonly newestPerKey: (message: OverflowMessage<K>) => string | undefined }
  : K extends { readonly kind: "table" }
    ? "newest"
    : "read-log" | "disconnect"

/** What is published on a kind beside its messages. */
type ChangeName<K> = K extends { readonly kind: "stream" }
  ? typeof CHANGE | typeof READ
  : K extends { readonly kind: "table" }
    ? typeof ROW
    : K extends { readonly kind: "command" }
      ? typeof COMMAND
      : K extends { readonly kind: "document" }
        ? typeof UPDATE | typeof AWARENESS
        : never

/** What a handler knows of the command that it runs. */
export interface CommandContext<Progress, Params = Readonly<Record<string, string>>> {
  readonly id: string
  readonly channel: string
  readonly params: Params
  /** Who called it; undefined for the server itself and for anonymous ones. */
  readonly from: string | undefined
  /** Server time, milliseconds since 1970. */
  readonly deadline: number
  /** Fires when the caller asks that it end, at the deadline, and when the server closes. */
  readonly signal: AbortSignal
  /**
   * Resolves when it is in the ledger. Fails with BAD_REQUEST, LIMIT_EXCEEDED, or CONFLICT where the command has ended, and need
   * not be awaited: progress that nobody takes changes nothing of the command.
   */
  progress(progress: Progress): Promise<void>
}

export type AnyCommandContext = CommandContext<unknown>
export type AnyHandlers = Readonly<Record<string, ((input: never, context: AnyCommandContext) => unknown) | undefined>>

/** What the server runs itself, by the command's name. It fails with `commandFailure` or a MagpieError. */
type Handlers<C, P extends string> = {
  readonly [N in CommandName<KindOf<C, P>>]?: (
    input: CommandGiven<KindOf<C, P>, N>,
    context: CommandContext<ProgressInput<KindOf<C, P>, N>, ParamsOf<P>>,
  ) => CommandResult<KindOf<C, P>, N> | Promise<CommandResult<KindOf<C, P>, N>>
}

/** The rules of the channels behind one pattern. */
export interface ChannelRules<C, P extends string, U extends User> {
  /**
   * Decides about one user, channel and action. Asked on each new connection, also when it resumes, and after each change of
   * token; a yes is remembered for that connection until then [G10]. Throwing counts as no. A channel without this function
   * is closed to everybody.
   */
  readonly authorize: (request: AuthorizeRequest<U, ParamsOf<P>>) => boolean | Promise<boolean>
  /**
   * Called with each valid message before it is stored or sent on. What it returns takes the message's place, after being
   * validated; throwing a MagpieError refuses it with that code, any other error with INTERNAL. Called likewise for a message
   * that is edited or appended to; an append that it would have say something else is refused.
   */
  readonly accept?: Acceptors<C, P, U>
  /**
   * How often one user may send each message, per second, over all channels of the pattern on this node; an anonymous one is
   * known by its address. A number stands for itself with a burst of twice as many. One too many is RATE_LIMITED with the exact
   * time to wait, and may be sent again [F49]. On a stream `$change` stands for all changes of messages, and `$read` for receipts; on a table `$row` for all writes, of commands `$command` for all steps, and on a document `$update` for all edits and `$awareness` for cursors.
   */
  readonly rate?: { readonly [N in MessageName<KindOf<C, P>> | ChangeName<KindOf<C, P>>]?: MessageRate }
  /** Of commands: which of them the server runs itself. Then no device serves the channel. */
  readonly handle?: Handlers<C, P>
  /** What becomes of subscribers that read too slowly. Fails with INVALID_OPTIONS where the kind has no such policy. */
  readonly overflow?: Overflow<KindOf<C, P>>
}

/** The same without types, as the core keeps it. */
export interface AnyChannelRules {
  readonly authorize: (request: AuthorizeRequest<User, Readonly<Record<string, string>>>) => boolean | Promise<boolean>
  readonly accept?: Readonly<
    Record<string, ((request: AcceptRequest<User, Readonly<Record<string, string>>, unknown>) => unknown) | undefined>
  >
  readonly rate?: Readonly<Record<string, MessageRate | undefined>>
  readonly handle?: AnyHandlers
  readonly overflow?: AnyOverflow
}

export type AnyOverflow = "drop-oldest" | "newest" | "read-log" | "disconnect" | NewestPerKey

export interface NewestPerKey {
  readonly newestPerKey: (message: { readonly name: string; readonly data: unknown; readonly from: string | undefined }) => unknown
}

const KNOWN_POLICIES: Readonly<Record<string, string>> = {
  broadcast: '"drop-oldest", "disconnect" or { newestPerKey }',
  table: '"newest"',
}

/** The policy of a pattern of that kind. Fails with INVALID_OPTIONS on one that the kind does not have. */
export function checkOverflow(pattern: string, kind: string, overflow: AnyOverflow | undefined): void {
  if (overflow === undefined || (kind !== "table" && overflow === "disconnect")) return
  const keyed = typeof overflow === "object" && typeof overflow?.newestPerKey === "function"
  if (kind === "broadcast" ? keyed || overflow === "drop-oldest" : overflow === (kind === "table" ? "newest" : "read-log")) return
  const known = KNOWN_POLICIES[kind] ?? '"read-log" or "disconnect"'
  throw new MagpieError("INVALID_OPTIONS", `channel "${pattern}": overflow of a ${kind} must be ${known}`, {
    details: { option: "overflow" },
  })
}
