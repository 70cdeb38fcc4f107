import { inspectJson, type Limits, MagpieError } from "@magpie/protocol"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export type ValueLimits = Pick<Limits, "jsonDepth" | "jsonKeys">

/** Why an update is not taken, at which byte. */
export function rejected(problem: string, at: number): MagpieError {
  return new MagpieError("DOC_REJECTED", `the update ${problem}`, { details: { problem, at } })
}

/** What lib0 writes, read without keeping it. Every read takes a byte at least or fails with DOC_REJECTED, so bytes bound the work. */
export class UpdateReader {
  readonly #bytes: Uint8Array
  readonly #limits: ValueLimits
  #at = 0

  constructor(bytes: Uint8Array, limits: ValueLimits) {
    this.#bytes = bytes
    this.#limits = limits
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  refuse(problem: string): never {
    throw rejected(problem, this.#at)
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) return this.refuse("ends too early")
    this.#at++
    return byte
  }

  /** Seven bits a byte, the lowest first. */
  number(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (value > Number.MAX_SAFE_INTEGER) this.refuse("has a number that is too large")
      if (byte < 128) return value
      if (factor > 2 ** 49) this.refuse("has a number that is too long")
    }
  }

  text(): string {
    const start = this.#skip(this.number())
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#at))
    } catch {
      return this.refuse("has a text that is not UTF-8")
    }
  }

  blob(): void {
    this.#skip(this.number())
  }

  /** `undefinedToo`: the word stands where JSON has none for it. */
  json(undefinedToo = false): void {
    const text = this.text()
    if (undefinedToo && text === "undefined") return
    try {
      inspectJson(text, this.#limits)
      JSON.parse(text)
    } catch {
      this.refuse("has JSON that cannot be read, or that is nested too deeply")
    }
  }

  /** A value of lib0's own encoding. */
  any(): void {
    let keys = 0
    const read = (depth: number): void => {
      const type = this.byte()
      if (type === 127 || type === 126 || type === 121 || type === 120) return
      if (type === 125) return this.#signed()
      if (type === 124) return void this.#skip(4)
      if (type === 123 || type === 122) return void this.#skip(8)
      if (type === 119) return void this.text()
      if (type === 116) return this.blob()
      if (type !== 118 && type !== 117) this.refuse("has a value of no known type")
      if (depth >= this.#limits.jsonDepth) this.refuse("has a value that is nested too deeply")
      for (let left = this.number(); left > 0; left--) {
        if (type === 118) {
          if (++keys > this.#limits.jsonKeys) this.refuse("has a value with too many keys")
          this.text()
        }
        read(depth + 1)
      }
    }
    read(0)
  }

  /** As `number`, with a sign in the first byte, which holds six bits. */
  #signed(): void {
    const first = this.byte()
    let value = first & 63
    let more = first >= 128
    for (let factor = 64; more; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (value > Number.MAX_SAFE_INTEGER || factor > 2 ** 49) this.refuse("has a number that is too large")
      more = byte >= 128
    }
  }

  /** Returns where it began. */
  #skip(length: number): number {
    const start = this.#at
    if (length > this.#bytes.length - start) this.refuse("ends too early")
    this.#at += length
    return start
  }
}
