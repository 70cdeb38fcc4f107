import type { Limits } from "@magpie/protocol"
import type { Identity } from "../access/identity.ts"

/** The life of a connection. Only an open one has an identity, a session and a producer. */
export type ConnectionState =
  /** Upgraded, not yet authenticated; what it may send is bounded tightly [F13]. */
  | GreetingState
  | OpenState
  /** A close was sent; nothing follows it, and the link is cut if the other side does not answer. */
  | { readonly name: "closing"; readonly code: number }
  | { readonly name: "closed"; readonly code: number }

interface GreetingState {
  readonly name: "greeting"
  readonly deadlineMs: number
  bytes: number
  messages: number
}

export interface OpenState {
  readonly name: "open"
  readonly identity: Identity
  readonly session: string
  /** The publisher's counter, bound to its user. */
  readonly producer: string
  /** The session that its hello offered, ours or not: a client that never saw our welcome offers the same again. */
  readonly offered: string | undefined
  /** Which link of its client this is, as far as it says so. */
  readonly link?: number | undefined
}

/** Counts a frame that came before the hello, `waiting` messages being undecided; whether that is too much. */
export function saysTooMuch(greeting: GreetingState, bytes: number, waiting: number, limits: Limits): boolean {
  greeting.bytes += bytes
  greeting.messages += 1
  const { helloBytes, helloMessages } = limits
  return greeting.bytes > helloBytes || greeting.messages > helloMessages || waiting > helloMessages
}
