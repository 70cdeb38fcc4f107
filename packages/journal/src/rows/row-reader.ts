import { crc32 } from "../checksum.ts"

const decoder = new TextDecoder()

/** A number below 2^53 has eight groups of seven bits. One with more was not written by us, and must end all the same [F75]. */
const LAST_GROUP = 2 ** 49

/** Reads the fields of one row in the order in which they were written. Make one only for bytes that `isIntact` accepts. */
export class RowReader {
  readonly #bytes: Uint8Array
  #at: number
  #safe = true

  constructor(bytes: Uint8Array, at = 4) {
    this.#bytes = bytes
    this.#at = at
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Whether all that was read so far was there, and every number was below 2^53. */
  get isSound(): boolean {
    return this.#safe && this.#at <= this.#bytes.length
  }

  u32(): number {
    const value = read32(this.#bytes, this.#at)
    this.#at += 4
    return value
  }

  number(): number {
    let value = 0
    let scale = 1
    let byte = this.#bytes[this.#at++] ?? 0
    while (byte >= 0x80 && scale < LAST_GROUP) {
      value += (byte - 0x80) * scale
      scale *= 0x80
      byte = this.#bytes[this.#at++] ?? 0
    }
    value += byte * scale
    if (value > Number.MAX_SAFE_INTEGER) this.#safe = false
    return value
  }

  optional(): string | undefined {
    return this.number() === 0 ? undefined : this.text()
  }

  /** A view, not a copy. */
  bytes(): Uint8Array {
    const length = this.u32()
    const start = this.#at
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  text(): string {
    const length = this.u32()
    const start = this.#at
    this.#at += length
    return decoder.decode(this.#bytes.subarray(start, this.#at))
  }
}

/** Whether a row carries the checksum of its content [F107]. */
export function isIntact(row: Uint8Array): boolean {
  return row.length >= 4 && read32(row, 0) === crc32(row, 4)
}

function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
}
