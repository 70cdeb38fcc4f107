import type { Delivery, LiveChannel, Receiver } from "../channel/live-channel.ts"
import type { Subscription } from "../channel/subscription.ts"
import type { Connection } from "../session/connection.ts"

/** Gives what it can and counts what it cannot: a slow reader skips, and is told exactly how much [G6]. */
export class BroadcastSubscription implements Subscription, Receiver {
  readonly #connection: Connection
  readonly #live: LiveChannel
  readonly #onEnd: (live: LiveChannel) => void
  #skipped = 0
  #ended = false

  constructor(connection: Connection, live: LiveChannel, onEnd: (live: LiveChannel) => void) {
    this.#connection = connection
    this.#live = live
    this.#onEnd = onEnd
    live.join(this)
  }

  get channel(): string {
    return this.#live.name
  }

  get behind(): boolean {
    return false
  }

  deliver(delivery: Delivery): void {
    const connection = this.#connection
    if (this.#skipped > 0 || !connection.hasRoom(delivery.joined[0].bytes)) {
      this.#skipped += delivery.count
      connection.awaitRoom(this)
      return
    }
    if (connection.request.plain) for (const batch of delivery.single()) connection.sendBatch(batch)
    else connection.sendShared(delivery.joined, delivery.alone)
  }

  onRoom(): void {
    if (this.#skipped === 0) return
    // What the turn has gathered so far was published before the gap is told, so it belongs into the count.
    this.#live.flush()
    const skipped = this.#skipped
    this.#skipped = 0
    this.#connection.send({ type: "gap", channel: this.channel, reason: "slow", skipped })
  }

  end(): void {
    // Counted down twice, the channel would be let go of while others follow it.
    if (this.#ended) return
    this.#ended = true
    this.#live.leave(this)
    // Whoever does not follow any more is not told what it did not get.
    this.#skipped = 0
    this.#connection.forgetRoom(this)
    this.#onEnd(this.#live)
  }
}
