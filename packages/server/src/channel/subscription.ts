/** One connection's interest in one channel, whatever the kind. */
export interface Subscription {
  readonly channel: string
  /** What is older than the newest message is still on its way, without being asked for. */
  readonly behind: boolean
  /** The connection has room again after it had none. */
  onRoom(): void
  /** Ends it without a word; nothing of the channel follows. */
  end(): void
}
