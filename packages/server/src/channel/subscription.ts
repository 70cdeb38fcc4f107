import type { Receiver } from "./fan-out.ts"

/** One connection's interest in one channel, whatever the kind. */
export interface Subscription extends Receiver {
  readonly channel: string
  /** What is older than the newest message is still on its way, without being asked for. */
  readonly behind: boolean
  /** Is given now what was published before now. */
  settle(): void
  /** Ends it without a word; nothing of the channel follows. */
  end(): void
}
