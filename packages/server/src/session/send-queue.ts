import type { Encoded, Limits, ServerCodec } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"
import type { CountedQueue, QueueBudget } from "../flow/queue-budget.ts"
import type { Counters } from "../metrics/counters.ts"
import type { Socket } from "../transports/socket.ts"
import { Backlog, type Held } from "./backlog.ts"
import { Outbound } from "./outbound.ts"

/** Somebody who waits until the other side has read some of what it was sent. */
export interface RoomWaiter {
  onRoom(): void
}

/** Whose queue it is. */
export interface QueueOwner {
  readonly codec: ServerCodec
  /** Acknowledgements that are still to come. */
  readonly pendingPublishes: number
  /** Ends the connection at once. */
  cut(): void
}

export interface SendQueueContext {
  readonly limits: Limits
  readonly budget: QueueBudget
  readonly counters: Pick<Counters, "traffic">
}

/** What the answer to one message takes at most, but for pages, which ask for room themselves. */
export const ANSWER_BYTES = 1_024
/** What an acknowledgement takes at most. */
const RECEIPT_BYTES = 192

/**
 * Everything that one connection holds for its other side: what the socket has not passed on, what this turn has gathered,
 * and what broadcasts hold back. Together at most `queuedBytes`, or one message where that is larger [G6].
 */
export class SendQueue implements CountedQueue, RoomWaiter {
  counted = 0
  readonly #socket: Socket
  readonly #context: SendQueueContext
  readonly #outbound: Outbound
  readonly #owner: QueueOwner
  #backlog: Backlog | undefined
  #waiters: Set<RoomWaiter> | undefined
  #sentBytes = 0
  #released = false

  constructor(socket: Socket, oneAFrame: boolean, context: SendQueueContext, owner: QueueOwner) {
    this.#socket = socket
    this.#context = context
    this.#outbound = new Outbound(owner.codec, oneAFrame)
    this.#owner = owner
  }

  get bytes(): number {
    return this.#socket.queuedBytes + this.#outbound.bytes + (this.#backlog?.bytes ?? 0)
  }

  /** Nothing is held. */
  get isEmpty(): boolean {
    return this.#socket.queuedBytes === 0 && this.#outbound.bytes === 0 && this.#backlog === undefined
  }

  /** Bytes that the network has taken since the connection began. */
  get takenBytes(): number {
    return this.#sentBytes - this.#socket.queuedBytes
  }

  /** Where what it was given to send ends now, for `hasTaken` in a later turn. */
  get givenBytes(): number {
    return this.#sentBytes + this.#outbound.bytes
  }

  /** Whether the network has taken what was given up to there. */
  hasTaken(end: number): boolean {
    return this.#socket.queuedBytes === 0 || this.takenBytes >= end
  }

  /** Whether so many more bytes stay within what is held for one connection. */
  hasRoom(bytes: number): boolean {
    return this.bytes === 0 || this.#fits(bytes, 1)
  }

  /**
   * How many bytes of a page may be read for it, at most `bytes`: 0 where it must wait. One that holds nothing gets its share,
   * or one message, however much others hold.
   */
  roomForPage(bytes: number): number {
    if (!this.hasRoom(bytes)) return 0
    return this.bytes === 0 ? Math.max(1, Math.min(bytes, Math.floor(this.#context.budget.share))) : bytes
  }

  /** Whether one more message may be acted on: its answer and those that are still to come will fit. */
  hasRoomForAnswer(): boolean {
    if (this.bytes === 0 && this.#owner.pendingPublishes === 0) return true
    return this.#reserved + ANSWER_BYTES <= this.#context.budget.share
  }

  /** What is held, and room for what is owed. */
  get #reserved(): number {
    return this.bytes + this.#owner.pendingPublishes * RECEIPT_BYTES
  }

  /** Whether a broadcast may go out at once. Half of the room is kept for what is newer when the other side reads no more. */
  takesAtOnce(bytes: number): boolean {
    return this.bytes === 0 || this.#fits(bytes, 1 / 2)
  }

  /** Where it does not fit, what this turn has gathered leaves early: the network may take it, and then there is room. */
  #fits(bytes: number, part: number): boolean {
    const room = this.#context.budget.share * part
    if (this.#reserved + bytes <= room) return true
    if (this.#outbound.bytes === 0) return false
    this.flush()
    return this.bytes === 0 || this.#reserved + bytes <= room
  }

  awaitRoom(waiter: RoomWaiter): void {
    this.#waiters ??= new Set()
    this.#waiters.add(waiter)
    this.#socket.askForDrain?.()
  }

  forgetRoom(waiter: RoomWaiter): void {
    this.#waiters?.delete(waiter)
  }

  /** Resolves when the other side has read, or has gone. */
  nextRoom(): Promise<void> {
    return new Promise((resolve) => this.awaitRoom({ onRoom: resolve }))
  }

  get isAwaited(): boolean {
    return (this.#waiters?.size ?? 0) > 0
  }

  /** Keeps messages of a broadcast until there is room, in place of older ones where it must. False where they cannot fit. */
  hold(held: Held): boolean {
    this.#backlog ??= new Backlog()
    const backlog = this.#backlog
    const { share } = this.#context.budget
    if (this.#reserved - backlog.bytes + held.bytes > share) return false
    while (this.#reserved + held.bytes > share && backlog.dropOldest());
    backlog.add(held)
    this.awaitRoom(this)
    this.recount()
    return true
  }

  forget(held: Held): void {
    this.#backlog?.remove(held)
    this.recount()
  }

  onRoom(): void {
    if (this.#backlog?.giveWhile((bytes) => this.#takesHeld(bytes)) === false) this.awaitRoom(this)
  }

  /** What is held counts as it is, wherever it waits, so only what the socket has already is compared. */
  #takesHeld(bytes: number): boolean {
    const queued = this.#socket.queuedBytes + this.#outbound.bytes
    return queued === 0 || queued + bytes <= this.#context.budget.share / 2
  }

  add(encoded: Encoded): void {
    this.#outbound.add(encoded)
  }

  addBatch(batch: Batch): void {
    this.#outbound.addBatch(batch)
    this.recount()
  }

  /** Sends a shared batch at once; nothing may be gathered before it. */
  send(batch: readonly [Batch]): void {
    this.#sentBytes += batch[0].bytes
    this.#context.counters.traffic.messagesOut += batch[0].messages
    this.#socket.send(batch)
    // As a rule the network takes it at once, and then there is nothing to count.
    if (this.counted > 0 || this.#socket.queuedBytes > 0) this.recount()
  }

  /** Sends what this turn has gathered. */
  flush(): void {
    this.#sentBytes += this.#outbound.sendTo(this.#socket, this.#context.counters.traffic)
    this.recount()
  }

  /** The other side has read: tells everybody who waits for that, once. */
  drained(): void {
    this.recount()
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const waiter of waiters ?? []) waiter.onRoom()
  }

  recount(): void {
    if (!this.#released) this.#context.budget.count(this, this.bytes)
  }

  cut(): void {
    this.#owner.cut()
  }

  /** The connection ends: nothing more is sent, and nobody waits any more. */
  end(): void {
    this.#backlog = undefined
    this.recount()
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const waiter of waiters ?? []) waiter.onRoom()
  }

  /** The link has gone, and what it held with it. */
  release(): void {
    this.#released = true
    this.#context.budget.count(this, 0)
  }
}
