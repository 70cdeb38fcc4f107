import type { Identity } from "../access/identity.ts"

/** The life of a connection. Only an open one has an identity, a session and a producer. */
export type ConnectionState =
  /** Upgraded, not yet authenticated; what it may send is bounded tightly [F13]. */
  | { readonly name: "greeting"; readonly deadlineMs: number; bytes: number; messages: number }
  | OpenState
  /** A close was sent; nothing follows it, and the link is cut if the other side does not answer. */
  | { readonly name: "closing"; readonly code: number }
  | { readonly name: "closed"; readonly code: number }

export interface OpenState {
  readonly name: "open"
  readonly identity: Identity
  readonly session: string
  /** The publisher's counter, bound to its user. */
  readonly producer: string
  /** The session that its hello offered, ours or not: a client that never saw our welcome offers the same again. */
  readonly offered: string | undefined
}
