import { type Delivery, roomFor } from "../channel/delivery.ts"
import { give } from "../channel/give.ts"
import type { LiveChannel } from "../channel/live-channel.ts"
import type { Subscription } from "../channel/subscription.ts"
import type { Batch } from "../flow/batch.ts"
import type { Counters } from "../metrics/counters.ts"
import type { Held, Holder } from "../session/backlog.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import type { KeyReader } from "./key-reader.ts"

/** What becomes of messages that have no room. */
export type BroadcastOverflow = "drop-oldest" | "disconnect" | KeyReader

export interface BroadcastSubscriptionContext {
  readonly overflow: BroadcastOverflow
  readonly counters: Counters
  readonly onEnd: (live: LiveChannel) => void
}

/** What a gap takes at most, a long channel name included. */
const GAP_BYTES = 512

/**
 * Gives what it can, holds what may wait, and counts what it cannot: a slow reader skips, and is told exactly how much
 * before anything newer [G6].
 */
export class BroadcastSubscription implements Subscription, Holder, RoomWaiter {
  given = 0
  readonly #connection: Connection
  readonly #live: LiveChannel
  readonly #context: BroadcastSubscriptionContext
  /** What waits in the connection's backlog, and of that the newest of each key. */
  #waiting: Set<Held> | undefined
  #newest: Map<string, Held> | undefined
  /** Nothing waits in front, and nothing that was skipped has yet to be told. */
  #level = true
  #skipped = 0
  #seenShed: number
  #ended = false

  constructor(connection: Connection, live: LiveChannel, context: BroadcastSubscriptionContext) {
    this.#connection = connection
    this.#live = live
    this.#context = context
    this.#seenShed = live.shed
    live.join(this)
  }

  get channel(): string {
    return this.#live.name
  }

  get behind(): boolean {
    return false
  }

  deliver(delivery: Delivery, alone: boolean): void {
    if (this.#level && (this.#connection.queue.isEmpty || this.#fits(delivery))) return give(this.#connection, delivery, alone)
    this.#level = false
    const { overflow } = this.#context
    if (overflow === "disconnect") {
      this.#skip(delivery.count)
      this.#connection.departure.closeSlow()
    } else if (overflow === "drop-oldest") this.#holdAll(delivery)
    else this.#holdByKey(delivery, overflow)
  }

  #fits(delivery: Delivery): boolean {
    const { queue } = this.#connection
    const bytes = roomFor(delivery, this.#connection)
    return this.#context.overflow === "disconnect" ? queue.hasRoom(bytes) : queue.takesAtOnce(bytes)
  }

  #holdAll(delivery: Delivery): void {
    const { codec, request } = this.#connection
    const { joined, single } = delivery.in(codec)
    this.#hold(request.plain ? single() : joined, roomFor(delivery, this.#connection), delivery.count, undefined)
  }

  #holdByKey(delivery: Delivery, readKeys: KeyReader): void {
    const keys = readKeys(delivery)
    for (const [index, batch] of delivery.in(this.#connection.codec).single().entries()) {
      const key = keys[index]
      const older = key === undefined ? undefined : this.#newest?.get(key)
      if (older !== undefined) {
        this.#connection.queue.forget(older)
        this.onDropped(older)
      }
      this.#hold([batch], batch.buffer.length, 1, key)
    }
  }

  #hold(batches: readonly Batch[], bytes: number, count: number, key: string | undefined): void {
    const held: Held = { owner: this, key, batches, bytes, count }
    if (!this.#connection.queue.hold(held)) return this.#skip(count)
    this.#waiting ??= new Set()
    this.#waiting.add(held)
    if (key === undefined) return
    this.#newest ??= new Map()
    this.#newest.set(key, held)
  }

  #skip(count: number): void {
    this.#skipped += count
    this.#context.counters.add("skipped", "slow", count)
    this.#connection.queue.awaitRoom(this)
  }

  #release(held: Held): void {
    this.#waiting?.delete(held)
    if (held.key !== undefined && this.#newest?.get(held.key) === held) this.#newest.delete(held.key)
  }

  onDropped(held: Held): void {
    this.#release(held)
    this.#skip(held.count)
  }

  give(held: Held): void {
    this.#release(held)
    this.#tellGap()
    for (const batch of held.batches) this.#connection.sendBatch(batch)
    this.#lookWhetherLevel()
  }

  onShed(shed: number): void {
    const missed = shed - this.#seenShed
    this.#seenShed = shed
    if (missed === 0) return
    this.#skipped += missed
    this.#level = false
    this.onRoom()
  }

  onRoom(): void {
    if (this.#skipped === 0) return
    if (this.#connection.queue.hasRoom(GAP_BYTES)) this.#tellGap()
    else this.#connection.queue.awaitRoom(this)
  }

  #tellGap(): void {
    if (this.#skipped === 0) return
    const skipped = this.#skipped
    this.#skipped = 0
    this.#connection.send({ type: "gap", channel: this.channel, reason: "slow", skipped })
    this.#lookWhetherLevel()
  }

  #lookWhetherLevel(): void {
    this.#level = this.#skipped === 0 && (this.#waiting === undefined || this.#waiting.size === 0)
  }

  settle(): void {
    this.#live.settle(this)
    // What follows goes to this connection alone, also while everything else is shed.
    this.onShed(this.#live.shed)
  }

  end(): void {
    // Counted down twice, the channel would be let go of while others follow it.
    if (this.#ended) return
    this.#ended = true
    this.#live.leave(this)
    // Whoever does not follow any more is not told what it did not get.
    this.#skipped = 0
    for (const held of this.#waiting ?? []) this.#connection.queue.forget(held)
    this.#waiting = undefined
    this.#newest = undefined
    this.#connection.queue.forgetRoom(this)
    this.#context.onEnd(this.#live)
  }
}
