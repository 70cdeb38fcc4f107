import { MagpieError } from "@magpie/protocol"
import { crc32 } from "../checksum.ts"

const CHUNK_BYTES = 65_536
const LENGTH_BYTES = 4
const encoder = new TextEncoder()

/**
 * Writes rows one after the other into large chunks, so that a batch of rows is a handful of allocations. A row is its
 * CRC-32 followed by its fields; numbers are whole and below 2^53, texts are well-formed.
 */
export class RowWriter {
  readonly #chunkBytes: number
  #bytes: Uint8Array
  #start = 0
  #at = 0

  constructor(chunkBytes = CHUNK_BYTES) {
    this.#chunkBytes = chunkBytes
    this.#bytes = new Uint8Array(chunkBytes)
  }

  begin(): this {
    this.#start = this.#at
    this.#at += 4
    this.#room(32)
    return this
  }

  u32(value: number): this {
    this.#room(4)
    this.#put32(this.#at, value)
    this.#at += 4
    return this
  }

  /** In groups of seven bits. Fails with INTERNAL on what is no whole number from 0 and below 2^53. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new MagpieError("INTERNAL", `a row cannot hold ${value}`)
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  text(value: string): this {
    this.#room(value.length * 3 + LENGTH_BYTES)
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.#at + LENGTH_BYTES))
    this.#put32(this.#at, written)
    this.#at += LENGTH_BYTES + written
    return this
  }

  optional(value: string | undefined): this {
    this.number(value === undefined ? 0 : 1)
    return value === undefined ? this : this.text(value)
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length + LENGTH_BYTES)
    this.#put32(this.#at, value.length)
    this.#bytes.set(value, this.#at + LENGTH_BYTES)
    this.#at += LENGTH_BYTES + value.length
    return this
  }

  /** The finished row. It shares memory with its neighbours: do not write to it. */
  end(): Uint8Array {
    const row = this.#bytes.subarray(this.#start, this.#at)
    this.#put32(this.#start, crc32(row, 4))
    return row
  }

  #put32(at: number, value: number): void {
    const bytes = this.#bytes
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const begun = this.#bytes.subarray(this.#start, this.#at)
    this.#bytes = new Uint8Array(Math.max(this.#chunkBytes, (begun.length + count) * 2))
    this.#bytes.set(begun)
    this.#at = begun.length
    this.#start = 0
  }
}
