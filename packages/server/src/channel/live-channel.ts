import type { ChannelMatch, Encoded, Position, Publication, ServerCodec } from "@magpie/protocol"
import type { ChannelGatherer, Turn } from "../flow/turn.ts"
import { createDelivery, type Delivery, deliveryOf } from "./delivery.ts"
import { FanOut, type Receiver } from "./fan-out.ts"

export interface LiveChannelContext {
  /** The server's own, in which each message is encoded as it comes. */
  readonly codec: ServerCodec
  readonly turn: Turn
  /** Bytes that may wait for those who are still given what came before. */
  readonly maxWaitingBytes: number
  /** Called at each message; the hub sends the beacon after it [G5]. */
  readonly onActive: (channel: LiveChannel) => void
  /** Called when a receiver joins who was given older messages just now; the hub sends the beacon after them too. */
  readonly onReplayed: (channel: LiveChannel) => void
}

/**
 * Larger turns leave in several batches, so that a slow reader is noticed before a huge one is queued for it. Whatever its
 * characters, a batch is smaller than the smallest queue, or one message.
 */
const MAX_BATCH_UNITS = 32_768

/**
 * A channel that somebody is subscribed to. Encodes each message once, gathers what comes until everybody has what came before,
 * and hands it to its receivers as its turn says. Where it is sent more than it can hand out, a stream takes its time from
 * whoever publishes, and a broadcast leaves out and tells how much.
 */
export class LiveChannel implements ChannelGatherer {
  readonly name: string
  readonly match: ChannelMatch
  activeAtMs = 0
  /** Messages that were left out for everybody since the channel was opened. */
  shed = 0
  readonly #context: LiveChannelContext
  readonly #fanOut = new FanOut()
  #gathered: Encoded[] = []
  #publications: Publication[] = []
  #units = 0
  #first: number | undefined
  /** Leaves out until the round has ended, so that what is told to be missing lies in one place. */
  #leavesOut = false

  constructor(name: string, match: ChannelMatch, context: LiveChannelContext) {
    this.name = name
    this.match = match
    this.#context = context
  }

  get receivers(): number {
    return this.#fanOut.size
  }

  /** What was gathered before is not for the one who joins. */
  join(receiver: Receiver, replayed = false): void {
    this.#seal()
    this.#fanOut.join(receiver)
    if (replayed) this.#context.onReplayed(this)
  }

  /** What was gathered before is still for the one who leaves. */
  leave(receiver: Receiver): void {
    if (!this.#fanOut.has(receiver)) return
    this.#seal()
    this.#fanOut.leave(receiver)
  }

  /** Something that was published is still on its way to this receiver. */
  owes(receiver: Receiver): boolean {
    return this.#fanOut.owes(receiver) || (this.#gathered.length > 0 && this.#fanOut.has(receiver))
  }

  /** Gives one receiver now what it would be given later. */
  settle(receiver: Receiver): void {
    if (!this.owes(receiver)) return
    this.#seal()
    this.#fanOut.settle(receiver)
  }

  /** False where the message was left out, because more is published than can be handed out. */
  publish(publication: Publication): boolean {
    this.#context.onActive(this)
    if (this.#fanOut.size === 0) return true
    if (this.#leavesOut) return this.leaveOut()
    const encoded = this.#context.codec.encodePublication(publication)
    // What is stored is counted from a delivery's first offset on, so nothing else may be among it.
    const isMixed = this.#gathered.length > 0 && (this.#first === undefined) !== (publication.offset === undefined)
    if (isMixed || this.#units + encoded.length > MAX_BATCH_UNITS) this.#seal()
    this.#leavesOut = this.#fanOut.waitingBytes >= this.#context.maxWaitingBytes && !this.#makeRoom()
    if (this.#leavesOut) return this.leaveOut()
    if (this.#gathered.length === 0) {
      this.#first = publication.offset
      this.#context.turn.channel(this)
    }
    this.#gathered.push(encoded)
    this.#publications.push(publication)
    this.#units += encoded.length
    return true
  }

  /** Whether more is taken although so much waits. What is stored always is, at the cost of a slice of time. */
  #makeRoom(): boolean {
    const isBroadcast = this.match.kind.kind === "broadcast"
    if (this.#fanOut.isGiving || (isBroadcast && this.#fanOut.isUnderWay)) return !isBroadcast
    this.#context.turn.rush(this)
    return true
  }

  /** Counts a message that nobody is given, because the server cannot keep up. */
  leaveOut(): false {
    this.shed += 1
    return false
  }

  /** From now on messages are delivered again: tells everybody how many were not. */
  tellShed(): void {
    this.#seal()
    this.#push(this.shed)
  }

  /** Tells everybody where the channel is, so that a loss in front of a silence is noticed. */
  beacon(position: Position): void {
    this.#seal()
    const { codec } = this.#context
    this.#push(createDelivery({ codec, write: (other) => [other.encode({ type: "position", channel: this.name, position })] }))
  }

  #push(entry: Delivery | number): void {
    this.#fanOut.push(entry)
    this.#context.turn.channel(this)
  }

  give(count: number, alone: boolean): number {
    let given = 0
    while (given < count) {
      if (!this.#fanOut.isUnderWay && !this.#beginRound()) break
      given += this.#fanOut.give(count - given, alone)
    }
    return given
  }

  #beginRound(): boolean {
    this.#seal()
    if (this.#leavesOut) this.#fanOut.push(this.shed)
    this.#leavesOut = false
    return this.#fanOut.begin()
  }

  /** What was gathered becomes one delivery. */
  #seal(): void {
    if (this.#gathered.length === 0) return
    const gathered = this.#gathered
    const publications = this.#publications
    this.#gathered = []
    this.#publications = []
    this.#units = 0
    this.#fanOut.push(deliveryOf(publications, this.#context.codec, gathered, this.#first))
  }
}
