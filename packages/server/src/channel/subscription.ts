import type { Receiver } from "./live-channel.ts"

/** One connection's interest in one channel, whatever the kind. */
export interface Subscription extends Receiver {
  readonly channel: string
  /** What is older than the newest message is still on its way, without being asked for. */
  readonly behind: boolean
  /** Ends it without a word; nothing of the channel follows. */
  end(): void
}
