import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { CommandKind } from "./command-kind.ts"
import type { DocumentKind } from "./document-kind.ts"
import type { TableKind } from "./table-kind.ts"

/** The schemas of a channel's messages, by the message's name. Any Standard Schema: zod, valibot, arktype. */
export type MessageSchemas = Readonly<Record<string, StandardSchemaV1>>

/** What a channel is called by what it promises. Each name is a family of guarantees, not a setting. */
export type KindName = "broadcast" | "stream" | "table" | "document" | "world" | "command"

/** The schema of what each member shows of itself; undefined where nobody can be present. */
export type PresenceSchema = StandardSchemaV1 | undefined

interface PresenceOption<P extends PresenceSchema> {
  /** Lets sessions be present on the channel, each with a state that this schema takes. */
  readonly presence?: P
}

export interface BroadcastOptions<M extends MessageSchemas, P extends PresenceSchema = undefined> extends PresenceOption<P> {
  readonly messages: M
}

/** At most once, lowest cost, nothing stored: typing, cursors, signals. */
export interface BroadcastKind<M extends MessageSchemas = MessageSchemas, P extends PresenceSchema = PresenceSchema> {
  readonly kind: "broadcast"
  readonly messages: M
  readonly presence: P
}

// P comes from the options alone: inside `contract({ … })` it would else be taken from what a kind may be at all.
export function broadcast<const M extends MessageSchemas, P extends PresenceSchema = undefined>(
  options: BroadcastOptions<M, P>,
): BroadcastKind<M, NoInfer<P>> {
  return Object.freeze({ kind: "broadcast", messages: options.messages, presence: options.presence as NoInfer<P> })
}

/** How much of a stream is kept. What leaves history can no longer be resumed from; clients are told so. */
export interface Retention {
  /** Newest messages kept in each channel. Default 10,000. */
  readonly maxCount?: number
  /** Age after which a message leaves, in milliseconds. Default 30 days. */
  readonly maxAgeMs?: number
}

export const DEFAULT_RETENTION: Required<Retention> = Object.freeze({ maxCount: 10_000, maxAgeMs: 30 * 24 * 3_600_000 })

/**
 * What may become of a message after it was published; nothing of what is not said here. Its author is the user whom the
 * server saw publish it. Who may do it is asked of the channel's `authorize` as well.
 */
export interface MessageChanges<Field extends string = string> {
  /** Its author may give it new data. With `"any"` others may too, whom `authorize` allows `edit-any`. */
  readonly edit?: boolean | "any"
  /** The same for deleting it: its data is gone for everybody, and that it was there is still seen. */
  readonly delete?: boolean | "any"
  /** The field of its data to which its author may add: a text to the end of a text, a list to the end of a list. */
  readonly append?: Field
  /** The reactions that users may give, or `true` for any name of at most 64 characters. */
  readonly reactions?: boolean | readonly string[]
  /** Keeps what it said before it was edited or deleted, for those whom `authorize` allows `versions`. */
  readonly versions?: boolean
}

/** Fields of a message's data that can grow. */
type GrowingField<S> =
  S extends StandardSchemaV1<unknown, infer Data>
    ? Extract<{ [F in keyof Data]-?: Data[F] extends string | readonly unknown[] ? F : never }[keyof Data], string>
    : never

/** Changes by the message's name. */
export type ChangesOf<M extends MessageSchemas> = { readonly [N in keyof M]?: MessageChanges<GrowingField<M[N]>> }
export type AnyChanges = Readonly<Record<string, MessageChanges | undefined>>

export interface StreamOptions<
  M extends MessageSchemas,
  P extends PresenceSchema = undefined,
  H extends ChangesOf<M> = Readonly<Record<never, never>>,
> extends PresenceOption<P> {
  readonly messages: M
  readonly retention?: Retention
  /** What may become of which messages. Default: nothing of any. */
  readonly changes?: H
  /** Lets users say up to where they have read. Default: no. */
  readonly receipts?: boolean
}

/** Every message, in one order for all, exactly once in effect, with history [G1–G5]. */
export interface StreamKind<M extends MessageSchemas = MessageSchemas, P extends PresenceSchema = PresenceSchema, H = AnyChanges> {
  readonly kind: "stream"
  readonly messages: M
  readonly presence: P
  readonly retention: Required<Retention>
  readonly changes: H
  readonly receipts: boolean
}

export function stream<
  const M extends MessageSchemas,
  P extends PresenceSchema = undefined,
  const H extends ChangesOf<M> = Readonly<Record<never, never>>,
>(options: StreamOptions<M, P, H>): StreamKind<M, NoInfer<P>, NoInfer<H>> {
  const { messages, presence, retention, changes = {}, receipts = false } = options
  return Object.freeze({
    kind: "stream",
    messages,
    presence: presence as NoInfer<P>,
    retention: { ...DEFAULT_RETENTION, ...retention },
    // Without the option it is its default, which says nothing of any message.
    changes: changes as NoInfer<H>,
    receipts,
  })
}

/** A channel's kind together with its schemas. */
export type Kind = BroadcastKind | StreamKind | TableKind | CommandKind | DocumentKind
