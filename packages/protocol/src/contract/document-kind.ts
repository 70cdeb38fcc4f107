import type { PresenceSchema } from "./kinds.ts"

export interface DocumentOptions<P extends PresenceSchema = undefined> {
  /** Lets sessions be present on the channel, each with a state that this schema takes. */
  readonly presence?: P
}

/** A document that many edit at the same time and offline, and that is the same for all who have seen the same edits (Yjs) [G8]. */
export interface DocumentKind<P extends PresenceSchema = PresenceSchema> {
  readonly kind: "document"
  readonly presence: P
  /** A document has edits and no messages of its own. */
  readonly messages: Readonly<Record<never, never>>
}

export function document<P extends PresenceSchema = undefined>(options: DocumentOptions<P> = {}): DocumentKind<NoInfer<P>> {
  return Object.freeze({ kind: "document", presence: options.presence as NoInfer<P>, messages: Object.freeze({}) })
}
