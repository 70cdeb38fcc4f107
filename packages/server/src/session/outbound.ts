import type { Codec, Encoded } from "@magpie/protocol"
import { type Batch, createBatch, encodedBytes, HEADROOM_BYTES } from "../flow/batch.ts"
import type { Traffic } from "../metrics/traffic.ts"
import type { Socket } from "../transports/socket.ts"

/**
 * What one connection will write at the end of this turn, in order: its own replies, joined where they follow one another,
 * and batches that it shares with others. Its lists live as long as the connection, so that a shared batch costs no memory
 * on its way.
 */
export class Outbound {
  readonly #codec: Codec
  readonly #oneAFrame: boolean
  readonly #batches: Batch[] = []
  readonly #open: Encoded[] = []
  /** Bytes gathered, each message with room for a header. */
  bytes = 0

  constructor(codec: Codec, oneAFrame: boolean) {
    this.#codec = codec
    this.#oneAFrame = oneAFrame
  }

  add(encoded: Encoded): void {
    this.bytes += encodedBytes(encoded) + HEADROOM_BYTES
    this.#open.push(encoded)
    if (this.#oneAFrame) this.#seal()
  }

  addBatch(batch: Batch): void {
    if (this.#open.length > 0) this.#seal()
    this.bytes += batch.buffer.length
    this.#batches.push(batch)
  }

  /** Sends everything gathered with one call, and starts anew. Counts the messages and returns the bytes sent. */
  sendTo(socket: Pick<Socket, "send">, traffic: Pick<Traffic, "messagesOut">): number {
    if (this.#open.length > 0) this.#seal()
    if (this.#batches.length === 0) return 0
    let bytes = 0
    for (const batch of this.#batches) {
      bytes += batch.bytes
      traffic.messagesOut += batch.messages
    }
    socket.send(this.#batches)
    this.#batches.length = 0
    this.bytes = 0
    return bytes
  }

  #seal(): void {
    const [first] = this.#open
    if (first === undefined) return
    this.#batches.push(createBatch(this.#open.length === 1 ? first : this.#codec.join(this.#open), this.#open.length))
    this.#open.length = 0
  }
}
