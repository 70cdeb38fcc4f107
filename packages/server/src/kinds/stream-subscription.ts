import type { DurableLog } from "@magpie/journal"
import { type Encoded, type Publication, toMagpieError } from "@magpie/protocol"
import { type CatchUp, PAGE, type Reader } from "../channel/catch-up.ts"
import { type Delivery, roomFor } from "../channel/delivery.ts"
import { give } from "../channel/give.ts"
import type { LiveChannel } from "../channel/live-channel.ts"
import type { Subscription } from "../channel/subscription.ts"
import { createBatch } from "../flow/batch.ts"
import { holeOf } from "../reading/hole-of.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import { laterInsteadOfClosed } from "./leaving-log.ts"

export interface StreamSubscriptionContext {
  readonly log: DurableLog
  readonly catchUp: CatchUp
  /** What becomes of one who reads too slowly for what comes live. */
  readonly overflow: "read-log" | "disconnect"
  /** The most that one connection holds. */
  readonly queuedBytes: number
  readonly onEnd: (live: LiveChannel) => void
}

type ReadingState =
  /** Reads pages from the log, up to and including `cursor` so far. */
  | { readonly name: "behind"; cursor: number }
  /** Gets what is published as it is published; was given everything up to and including `reached`. */
  | { readonly name: "live"; reached: number }
  | { readonly name: "ended" }

/**
 * Gives every message after a position, in order: from the log while it is behind, and live from the very turn in which it
 * is level. A slow reader falls back to the log; nothing is held for it and nothing is skipped [G4, G6].
 */
export class StreamSubscription implements Subscription, Reader, RoomWaiter {
  given = 0
  readonly #connection: Connection
  readonly #live: LiveChannel
  readonly #context: StreamSubscriptionContext
  #state: ReadingState

  constructor(connection: Connection, live: LiveChannel, after: number, context: StreamSubscriptionContext) {
    this.#connection = connection
    this.#live = live
    this.#context = context
    this.#state = { name: "behind", cursor: after }
    if (after >= this.#newestOffset()) this.#goLive(after, false)
    else context.catchUp.add(this)
  }

  get channel(): string {
    return this.#live.name
  }

  get behind(): boolean {
    return this.#state.name === "behind" || this.#live.owes(this)
  }

  deliver(delivery: Delivery, alone: boolean): void {
    const state = this.#state
    if (state.name !== "live") return
    const { first, count } = delivery
    const { queue } = this.#connection
    const hasRoom = queue.isEmpty || queue.hasRoom(roomFor(delivery, this.#connection))
    if (first === undefined) {
      if (hasRoom) give(this.#connection, delivery, alone)
      return
    }
    // What is durable is read from the log a moment before it is announced here.
    const last = first + count - 1
    if (last <= state.reached) return
    if (!hasRoom && this.#context.overflow === "disconnect") return this.#connection.departure.closeSlow()
    if (!hasRoom || first !== state.reached + 1) return this.#fallBehind(state.reached, hasRoom)
    state.reached = last
    give(this.#connection, delivery, alone)
  }

  onRoom(): void {
    if (this.#state.name === "behind") this.#context.catchUp.add(this)
  }

  readPage(): boolean {
    if (this.#state.name !== "behind") return false
    const maxBytes = this.#connection.queue.roomForPage(PAGE.maxBytes)
    if (maxBytes === 0) {
      this.#connection.queue.awaitRoom(this)
      return false
    }
    try {
      return this.#advance(this.#state, maxBytes)
    } catch (failure) {
      // The log cannot be read: the subscription ends openly, and the client decides whether to ask again.
      this.#connection.drop(this, laterInsteadOfClosed(toMagpieError(failure)))
      return false
    }
  }

  #advance(state: { cursor: number }, maxBytes: number): boolean {
    const publications = this.#readAfter(state.cursor, maxBytes)
    const sent = this.#send(publications)
    state.cursor = publications[sent - 1]?.offset ?? state.cursor
    if (sent < publications.length) {
      this.#connection.queue.awaitRoom(this)
      return false
    }
    if (state.cursor < this.#newestOffset()) return true
    this.#goLive(state.cursor, true)
    return false
  }

  /** The next messages, or the notice that they are gone, after which the cursor stands behind the hole. */
  #readAfter(cursor: number, maxBytes: number): readonly Publication[] {
    try {
      return this.#context.log.readAfter(this.channel, cursor, { maxCount: PAGE.maxCount, maxBytes }).publications
    } catch (failure) {
      const hole = holeOf(failure)
      if (hole === undefined || this.#state.name !== "behind") throw failure
      const position = { epoch: this.#context.log.newest(this.channel).epoch, offset: hole.to }
      this.#connection.send({ type: "gap", channel: this.channel, reason: hole.reason, from: cursor + 1, to: hole.to, position })
      this.#state.cursor = hole.to
      return []
    }
  }

  /** Sends as many as there is room for, in one frame where all of them fit. Returns how many. */
  #send(publications: readonly Publication[]): number {
    if (publications.length === 0) return 0
    const { queuedBytes } = this.#context
    const { queue, request, codec } = this.#connection
    const encoded: Encoded[] = publications.map((publication) => codec.encodePublication(publication))
    const page = request.plain ? undefined : createBatch(codec.join(encoded), encoded.length)
    if (page !== undefined && page.buffer.length <= queuedBytes && queue.hasRoom(page.buffer.length)) {
      this.#connection.sendBatch(page)
      return encoded.length
    }
    const batches = encoded.map((one) => createBatch(one, 1))
    const tooMuch = batches.findIndex((batch) => {
      const fits = queue.hasRoom(batch.buffer.length)
      if (fits) this.#connection.sendBatch(batch)
      return !fits
    })
    return tooMuch < 0 ? batches.length : tooMuch
  }

  #goLive(reached: number, replayed: boolean): void {
    this.#state = { name: "live", reached }
    this.#live.join(this, replayed)
  }

  #fallBehind(cursor: number, hasRoom: boolean): void {
    // Before it leaves, because what it is then given is in the log as well.
    this.#state = { name: "behind", cursor }
    this.#live.leave(this)
    if (hasRoom) this.#context.catchUp.add(this)
    else this.#connection.queue.awaitRoom(this)
  }

  #newestOffset(): number {
    return this.#context.log.newest(this.channel).offset
  }

  settle(): void {
    this.#live.settle(this)
  }

  end(): void {
    if (this.#state.name === "ended") return
    this.#live.leave(this)
    this.#state = { name: "ended" }
    this.#connection.queue.forgetRoom(this)
    this.#context.catchUp.remove(this)
    this.#context.onEnd(this.#live)
  }
}
