import type { ChannelMatch, Encoded, Position, Publication, ServerCodec } from "@magpie/protocol"
import { type Batch, createBatch } from "../flow/batch.ts"
import type { ChannelGatherer, Turn } from "../flow/turn.ts"

/** Messages of one channel that leave together. `first` is the offset of the first; undefined where nothing is stored. */
export interface Delivery {
  /** All messages in one frame, for those who speak the subprotocol; a list of one, so that it can be sent as it is. */
  readonly joined: readonly [Batch]
  /** One message a frame, for plain clients; made when the first of them needs it. */
  readonly single: () => readonly Batch[]
  readonly count: number
  /** Nothing else goes out this turn, so a connection without anything of its own may write at once. */
  readonly alone: boolean
  readonly first: number | undefined
}

/** Who gets what a channel sends from now on. */
export interface Receiver {
  deliver(delivery: Delivery): void
}

export interface LiveChannelContext {
  readonly codec: ServerCodec
  readonly turn: Turn
  /** Called at each message; the hub sends the beacon after it [G5]. */
  readonly onActive: (channel: LiveChannel) => void
}

/** Larger turns leave in several batches, so that a slow reader is noticed before a huge one is queued for it. */
const MAX_BATCH_UNITS = 65_536

/**
 * A channel that somebody is subscribed to. Encodes each message once, gathers a turn's messages and hands them to every
 * receiver at its end.
 */
export class LiveChannel implements ChannelGatherer {
  readonly name: string
  readonly match: ChannelMatch
  activeAtMs = 0
  readonly #context: LiveChannelContext
  readonly #receivers = new Set<Receiver>()
  #gathered: Encoded[] = []
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
    if (this.#gathered.length === 0) {
      this.#first = publication.offset
      this.#context.turn.channel(this)
    }
    this.#gathered.push(encoded)
    this.#units += encoded.length
    if (this.#units >= MAX_BATCH_UNITS) this.flush()
  }

  /** Tells everybody where the channel is, so that a loss in front of a silence is noticed. */
  beacon(position: Position): void {
    this.flush()
    const encoded = this.#context.codec.encode({ type: "position", channel: this.name, position })
    const batch = createBatch(encoded, 1)
    this.#deliver({ joined: [batch], single: () => [batch], count: 0, alone: false, first: undefined })
  }

  flush(alone = false): void {
    if (this.#gathered.length === 0) return
    const gathered = this.#gathered
    const first = this.#first
    this.#gathered = []
    this.#units = 0
    const [only] = gathered
    const joined = createBatch(gathered.length === 1 && only !== undefined ? only : this.#context.codec.join(gathered), gathered.length)
    let single: readonly Batch[] | undefined
    this.#deliver({
      joined: [joined],
      alone,
      single: () => (single ??= gathered.length === 1 ? [joined] : gathered.map((encoded) => createBatch(encoded, 1))),
      count: gathered.length,
      first,
    })
  }

  #deliver(delivery: Delivery): void {
    for (const receiver of this.#receivers) receiver.deliver(delivery)
  }
}
