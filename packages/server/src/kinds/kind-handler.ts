import type { ChannelMatch, History, Position, Publish, Receipts, Subscribe, Versions } from "@magpie/protocol"
import type { Subscription } from "../channel/subscription.ts"
import type { Connection } from "../session/connection.ts"

/** What a kind of channel does with the messages of its channels. Failures are MagpieErrors and become the answer. */
export interface KindHandler {
  /** Returns a promise only while deciding, never while storing: the connection's next message waits for it. */
  publish(connection: Connection, message: Publish, match: ChannelMatch): void | Promise<void>
  /** What a subscription must wait for before it can be judged; nothing, as a rule. Fails with UNAVAILABLE. */
  whenReady?(message: Subscribe): Promise<void> | undefined
  /** Answers, then begins; permission was checked. */
  subscribe(connection: Connection, message: Subscribe, match: ChannelMatch): Subscription
  history(connection: Connection, message: History, match: ChannelMatch): Promise<void>
  /** What a message said before, and up to where users have read; where the kind has messages that change. */
  versions?(connection: Connection, message: Versions, match: ChannelMatch): Promise<void>
  receipts?(connection: Connection, message: Receipts, match: ChannelMatch): Promise<void>
  /** The newest position, where the kind has one. */
  newest(channel: string): Position | undefined
}
