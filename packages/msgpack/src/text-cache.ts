import type { JsonText } from "@magpie/protocol"

/**
 * Stored JSON as MessagePack, the latest of it. What is read from the log for many is parsed once, also where each of them
 * reads for himself; kept by the text itself, so that a message that changes is another one.
 */
export class TextCache {
  readonly #maxBytes: number
  readonly #pack: (text: JsonText) => Uint8Array
  readonly #kept = new Map<JsonText, Uint8Array>()
  #bytes = 0

  constructor(maxBytes: number, pack: (text: JsonText) => Uint8Array) {
    this.#maxBytes = maxBytes
    this.#pack = pack
  }

  get bytes(): number {
    return this.#bytes
  }

  of(text: JsonText): Uint8Array {
    const known = this.#kept.get(text)
    if (known !== undefined) return known
    const packed = this.#pack(text)
    if (weight(text, packed) > this.#maxBytes) return packed
    this.#kept.set(text, packed)
    this.#bytes += weight(text, packed)
    // A map gives its keys in the order in which they came.
    for (const [oldest, its] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) break
      this.#kept.delete(oldest)
      this.#bytes -= weight(oldest, its)
    }
    return packed
  }
}

/** What a map's place for it takes, about. */
const PLACE_BYTES = 200

/** Two bytes a unit at most. */
function weight(text: string, packed: Uint8Array): number {
  return text.length * 2 + packed.length + PLACE_BYTES
}
