import type { MagpieError, Published, Welcome } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"
import type { Context } from "../context.ts"
import type { Entry } from "./channel-queue.ts"

/** What is kept of one channel, its entries in the order of their sends. */
export interface KeptChannel {
  readonly channel: string
  /** The highest number that is used up, or that one of the entries has. */
  readonly last: number
  readonly entries: readonly Entry[]
}

/** What the first hello offers. */
export interface Offer {
  readonly producer?: string
  readonly session?: string
  /** The number of the link, where what was kept knows of links that this page does not. */
  readonly link?: number
}

/** What a keeper may do with the outbox that it keeps. */
export interface OutboxHands {
  readonly context: Context
  /** Puts what was kept in front of what waits. Before the first link only. `owner` is whom the server knew then. */
  restore(kept: readonly KeptChannel[], owner: Owner | undefined): void
  /** Takes an entry out, whose sender hears the error. */
  drop(channel: string, entry: Entry, error: MagpieError): void
}

/** Whose numbers these are: the server counts for each user's producer. */
export interface Owner {
  readonly producer: string
  readonly user: string | undefined
}

/** Keeps an outbox's entries longer than the client lives. */
export interface Keeper {
  /** Asked before each hello. Resolves when what was kept has been restored. A failure is a failed attempt to connect. */
  open(): Promise<Offer>
  /** A send was taken. Resolves when it is kept; where it cannot be, it is refused with that error. */
  take(channel: string, entry: Entry): Promise<void>
  /** A link was welcomed; the outbox sends when this returns. */
  online(welcome: Welcome): void
  offline(): void
  /**
   * Has the entry leave under that number, by calling `leave`, after the number is kept: what has left once must never leave
   * under another one by mistake. False where there is no link. Where it cannot leave after all, `onReply` says why, with
   * `sequence: "free"` in the details where it is to be tried again.
   */
  transmit(
    channel: string,
    entry: Entry,
    sequence: number,
    leave: () => boolean,
    onReply: (reply: Published | MagpieError) => void,
  ): boolean
  /** The entry has left the outbox: stored, refused, or, without an outcome, taken back by its sender. */
  done(channel: string, entry: Entry, outcome: Receipt | MagpieError | undefined): void
  /** From now on everything stays as it is kept. Resolves when the place is free for another client. Idempotent. */
  close(): Promise<void>
}

/** The option `outbox` of `connect`. One client takes it, once. */
export interface OutboxStore {
  attach(hands: OutboxHands): Keeper
}
