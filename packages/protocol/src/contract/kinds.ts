import type { StandardSchemaV1 } from "@standard-schema/spec"

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

export interface StreamOptions<M extends MessageSchemas, P extends PresenceSchema = undefined> extends PresenceOption<P> {
  readonly messages: M
  readonly retention?: Retention
}

/** Every message, in one order for all, exactly once in effect, with history [G1–G5]. */
export interface StreamKind<M extends MessageSchemas = MessageSchemas, P extends PresenceSchema = PresenceSchema> {
  readonly kind: "stream"
  readonly messages: M
  readonly presence: P
  readonly retention: Required<Retention>
}

export function stream<const M extends MessageSchemas, P extends PresenceSchema = undefined>(
  options: StreamOptions<M, P>,
): StreamKind<M, NoInfer<P>> {
  const { messages, presence, retention } = options
  return Object.freeze({ kind: "stream", messages, presence: presence as NoInfer<P>, retention: { ...DEFAULT_RETENTION, ...retention } })
}

/** A channel's kind together with its schemas. */
export type Kind = BroadcastKind | StreamKind
