import type { Encoded, Publication, ServerCodec } from "@magpie/protocol"
import { type Batch, createBatch, HEADROOM_BYTES } from "../flow/batch.ts"

/** What leaves together, as one codec writes it. */
export interface Frames {
  /** All messages in one frame, for those who speak the subprotocol; a list of one, so that it can be sent as it is. */
  readonly joined: readonly [Batch]
  /** One message a frame, for plain clients; made when the first of them needs it. */
  readonly single: () => readonly Batch[]
}

/** Messages of one channel that leave together. `first` is the offset of the first; undefined where nothing is stored. */
export interface Delivery extends Frames {
  /** The same in another codec, written when the first who speaks it needs it, and once for all who do. */
  readonly in: (codec: ServerCodec) => Frames
  /** What it holds of messages, before it was encoded. */
  readonly publications: readonly Publication[]
  readonly count: number
  readonly first: number | undefined
}

export interface DeliveryOptions {
  /** The server's own codec, in which a delivery is written when it is made. */
  readonly codec: ServerCodec
  /** Its messages in a codec. */
  readonly write: (codec: ServerCodec) => readonly Encoded[]
  readonly publications?: readonly Publication[]
  /** What `write` gives for `codec`, where that is there already. */
  readonly encoded?: readonly Encoded[]
  readonly first?: number | undefined
}

/** Somebody to whom a delivery goes. */
export interface Recipient {
  readonly codec: ServerCodec
  readonly request: { readonly plain: boolean }
}

export function createDelivery({ codec, write, publications = [], encoded = write(codec), first }: DeliveryOptions): Delivery {
  const own = framesOf(encoded, codec)
  let others: Map<ServerCodec, Frames> | undefined
  return {
    ...own,
    in(other) {
      if (other === codec) return own
      others ??= new Map()
      const known = others.get(other)
      if (known !== undefined) return known
      const made = framesOf(write(other), other)
      others.set(other, made)
      return made
    },
    publications,
    count: publications.length,
    first,
  }
}

/** What goes out for these publications; `encoded` is what they are in `codec`. */
export function deliveryOf(
  publications: readonly Publication[],
  codec: ServerCodec,
  encoded?: readonly Encoded[],
  first?: number,
): Delivery {
  const write = (other: ServerCodec): readonly Encoded[] => publications.map((publication) => other.encodePublication(publication))
  return createDelivery({ codec, write, publications, first, ...(encoded === undefined ? undefined : { encoded }) })
}

function framesOf(encoded: readonly Encoded[], codec: ServerCodec): Frames {
  const [only] = encoded
  const joined = createBatch(encoded.length === 1 && only !== undefined ? only : codec.join(encoded), encoded.length)
  let single: readonly Batch[] | undefined
  return {
    joined: [joined],
    single: () => (single ??= encoded.length === 1 ? [joined] : encoded.map((one) => createBatch(one, 1))),
  }
}

/** Bytes that a delivery takes at most on its way to somebody, headers with it. */
export function roomFor(delivery: Delivery, { codec, request }: Recipient): number {
  const [joined] = delivery.in(codec).joined
  return joined.buffer.length + (request.plain ? Math.max(0, delivery.count - 1) * HEADROOM_BYTES : 0)
}
