import type { ChannelMatch, Encoded, Position, Publication, ServerCodec } from "@magpie/protocol"
import { type Batch, createBatch, HEADROOM_BYTES } from "../flow/batch.ts"
import type { ChannelGatherer, Turn } from "../flow/turn.ts"

/** Messages of one channel that leave together. `first` is the offset of the first; undefined where nothing is stored. */
export interface Delivery {
  /** All messages in one frame, for those who speak the subprotocol; a list of one, so that it can be sent as it is. */
  readonly joined: readonly [Batch]
  /** One message a frame, for plain clients; made when the first of them needs it. */
  readonly single: () => readonly Batch[]
  /** What `single` holds, before it was encoded. */
  readonly publications: readonly Publication[]
  readonly count: number
  /** Nothing else goes out this turn, so a connection without anything of its own may write at once. */
  readonly alone: boolean
  readonly first: number | undefined
}

/** Who gets what a channel sends from now on. */
export interface Receiver {
  deliver(delivery: Delivery): void
  /** Messages were left out for everybody, and now no longer are: `shed` of the channel says how many in all. */
  onShed?(): void
}

/** What goes out for these publications, which are already encoded. */
export function deliveryOf(
  publications: readonly Publication[],
  encoded: readonly Encoded[],
  codec: ServerCodec,
  alone = false,
  first?: number,
): Delivery {
  const [only] = encoded
  const joined = createBatch(encoded.length === 1 && only !== undefined ? only : codec.join(encoded), encoded.length)
  let single: readonly Batch[] | undefined
  return {
    joined: [joined],
    alone,
    single: () => (single ??= encoded.length === 1 ? [joined] : encoded.map((one) => createBatch(one, 1))),
    publications,
    count: encoded.length,
    first,
  }
}

/** Bytes that a delivery takes at most, headers with it. */
export function roomFor({ joined: [joined], count }: Delivery, plain: boolean): number {
  return joined.buffer.length + (plain ? Math.max(0, count - 1) * HEADROOM_BYTES : 0)
}

export interface LiveChannelContext {
  readonly codec: ServerCodec
  readonly turn: Turn
  /** Called at each message; the hub sends the beacon after it [G5]. */
  readonly onActive: (channel: LiveChannel) => void
}

/**
 * Larger turns leave in several batches, so that a slow reader is noticed before a huge one is queued for it. Whatever its
 * characters, a batch is smaller than the smallest queue, or one message.
 */
const MAX_BATCH_UNITS = 32_768

/**
 * A channel that somebody is subscribed to. Encodes each message once, gathers a turn's messages and hands them to every
 * receiver at its end.
 */
export class LiveChannel implements ChannelGatherer {
  readonly name: string
  readonly match: ChannelMatch
  activeAtMs = 0
  /** Messages that were left out for everybody since the channel was opened. */
  shed = 0
  readonly #context: LiveChannelContext
  readonly #receivers = new Set<Receiver>()
  #gathered: Encoded[] = []
  #publications: Publication[] = []
  #units = 0
  #first: number | undefined

  constructor(name: string, match: ChannelMatch, context: LiveChannelContext) {
    this.name = name
    this.match = match
    this.#context = context
  }

  get receivers(): number {
    return this.#receivers.size
  }

  /** What was gathered before is not for the one who joins. */
  join(receiver: Receiver): void {
    this.flush()
    this.#receivers.add(receiver)
  }

  /** What was gathered before is still for the one who leaves. */
  leave(receiver: Receiver): void {
    if (!this.#receivers.has(receiver)) return
    this.flush()
    this.#receivers.delete(receiver)
  }

  publish(publication: Publication): void {
    this.#context.onActive(this)
    if (this.#receivers.size === 0) return
    const encoded = this.#context.codec.encodePublication(publication)
    if (this.#units + encoded.length > MAX_BATCH_UNITS) this.flush()
    if (this.#gathered.length === 0) {
      this.#first = publication.offset
      this.#context.turn.channel(this)
    }
    this.#gathered.push(encoded)
    this.#publications.push(publication)
    this.#units += encoded.length
  }

  /** Counts a message that nobody is given, because the server cannot keep up. */
  leaveOut(): void {
    this.shed += 1
  }

  /** From now on messages are delivered again. */
  tellShed(): void {
    for (const receiver of this.#receivers) receiver.onShed?.()
  }

  /** Tells everybody where the channel is, so that a loss in front of a silence is noticed. */
  beacon(position: Position): void {
    this.flush()
    const encoded = this.#context.codec.encode({ type: "position", channel: this.name, position })
    const batch = createBatch(encoded, 1)
    this.#deliver({ joined: [batch], single: () => [batch], publications: [], count: 0, alone: false, first: undefined })
  }

  flush(alone = false): void {
    if (this.#gathered.length === 0) return
    const gathered = this.#gathered
    const publications = this.#publications
    const first = this.#first
    this.#gathered = []
    this.#publications = []
    this.#units = 0
    this.#deliver(deliveryOf(publications, gathered, this.#context.codec, alone, first))
  }

  #deliver(delivery: Delivery): void {
    for (const receiver of this.#receivers) receiver.deliver(delivery)
  }
}
