import type { DecodeLimits, MagpieError } from "@magpie/protocol"
import { malformed } from "./malformed.ts"

/** A text whose first character the decoder would swallow: where it begins, its header with it, and its own bytes. */
export interface MarkedText {
  readonly header: number
  readonly start: number
  readonly end: number
}

type InspectionLimits = Pick<DecodeLimits, "jsonDepth" | "jsonKeys">

const UNLIMITED: InspectionLimits = { jsonDepth: Number.POSITIVE_INFINITY, jsonKeys: Number.POSITIVE_INFINITY }

/** Longer texts are given to a decoder that takes a byte order mark in front for none of the text. */
const LONG_TEXT = 200
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Looks at messages before they are decoded: one pass over the bytes, which allocates nothing that they claim. A message that
 * breaks a limit, or holds what JSON has no form for, is looked at to its end, so that its neighbours and its id are found.
 */
export class Inspector {
  /** Where the next message begins. */
  at = 0
  /** Of the last message: its keys as they are written, which shows a doubled one after decoding. */
  keys = 0
  /** Its id, where it is an object with one. */
  id: number | undefined
  /** Whether one of its keys is `__proto__`. */
  namesPrototype = false
  /** Why it is not taken. */
  refusal: MagpieError | undefined
  marked: MarkedText[] | undefined
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #limits: InspectionLimits
  readonly #isTrusted: boolean
  /** For each open list or object, twice the values that it still lacks, and one more where it is an object. */
  readonly #open: number[] = []
  /** Values of what is nested too deep that are still to come. */
  #skipped = 0
  #isId = false

  /** Without limits, of one who is trusted: his nesting, his keys and his texts are what they are. */
  constructor(bytes: Uint8Array, limits?: InspectionLimits) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits ?? UNLIMITED
    this.#isTrusted = limits === undefined
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length
  }

  /**
   * Stands behind the message after this. Fails with BAD_REQUEST where that has no end in these bytes, and then stands at their
   * end, because nothing that follows can be told apart.
   */
  next(): void {
    this.keys = 0
    this.id = undefined
    this.namesPrototype = false
    this.refusal = undefined
    this.marked = undefined
    this.#isId = false
    try {
      do this.#value()
      while (this.#closeFull())
    } catch (failure) {
      this.at = this.#bytes.length
      throw failure
    }
  }

  /** Takes what is complete off, and says whether anything is left open. */
  #closeFull(): boolean {
    if (this.#skipped > 0) return true
    while ((this.#open.at(-1) ?? 2) < 2) this.#open.pop()
    return this.#open.length > 0
  }

  #value(): void {
    const isKey = this.#takePlace()
    const header = this.at
    const head = this.#take(1)
    if (head < 0x80 || head >= 0xe0) this.#number(head < 0x80 ? head : head - 0x100)
    else if (head < 0x90) this.#container(head & 0x0f, 1)
    else if (head < 0xa0) this.#container(head & 0x0f, 0)
    else if (head < 0xc0) return this.#text(head & 0x1f, header, isKey)
    else if (head >= 0xd9 && head <= 0xdb) return this.#text(this.#take(1 << (head - 0xd9)), header, isKey)
    else this.#other(head)
    if (isKey) this.#refuse("has a key that is no text")
  }

  /** Counts the next value where it stands. Says whether that is where a key stands. */
  #takePlace(): boolean {
    if (this.#skipped > 0) {
      this.#skipped -= 1
      return false
    }
    const last = this.#open.length - 1
    const left = this.#open[last]
    if (left === undefined) return false
    this.#open[last] = left - 2
    return (left & 3) === 1
  }

  #other(head: number): void {
    if (head === 0xc0 || head === 0xc2 || head === 0xc3) return
    if (head >= 0xcc && head <= 0xcf) return this.#number(this.#take(1 << (head - 0xcc)))
    if (head >= 0xd0 && head <= 0xd3) return this.#pass(1 << (head - 0xd0))
    if (head === 0xca || head === 0xcb) return this.#float(head === 0xca ? 4 : 8)
    if (head === 0xdc || head === 0xdd) return this.#container(this.#take(head === 0xdc ? 2 : 4), 0)
    if (head === 0xde || head === 0xdf) return this.#container(this.#take(head === 0xde ? 2 : 4), 1)
    if (head === 0xc1) throw malformed("the message is not MessagePack")
    const isExtension = head >= 0xc7
    const length = head >= 0xd4 ? 1 << (head - 0xd4) : this.#take(1 << (head - (isExtension ? 0xc7 : 0xc4)))
    this.#pass(isExtension ? length + 1 : length)
    this.#refuse("holds bytes or an extension, which Magpie's data does not have")
  }

  #number(value: number): void {
    if (this.#isId && this.#open.length === 1 && this.#skipped === 0 && Number.isSafeInteger(value)) this.id = value < 0 ? undefined : value
  }

  #float(length: 4 | 8): void {
    this.#pass(length)
    const start = this.at - length
    const value = length === 4 ? this.#view.getFloat32(start) : this.#view.getFloat64(start)
    if (!Number.isFinite(value)) this.#refuse("holds a number that is none")
  }

  /** `isMap`: 1 or 0. Each value takes a byte at least, so a claim of more than are left is false. */
  #container(items: number, isMap: number): void {
    const values = isMap === 1 ? items * 2 : items
    if (values > this.#bytes.length - this.at) throw incomplete()
    if (isMap === 1) this.keys += items
    if (this.keys > this.#limits.jsonKeys && this.refusal === undefined)
      this.#refuse(`holds more than ${this.#limits.jsonKeys} keys`, "jsonKeys")
    if (this.#skipped === 0 && this.#open.length < this.#limits.jsonDepth) {
      this.#open.push(values * 2 + isMap)
      return
    }
    this.#skipped += values
    if (this.refusal === undefined) this.#refuse(`is nested deeper than ${this.#limits.jsonDepth}`, "jsonDepth")
  }

  #text(length: number, header: number, isKey: boolean): void {
    const start = this.at
    this.#pass(length)
    if (!this.#isText(start)) this.#refuse("holds text that is not UTF-8", "unicode")
    if (isKey) {
      this.#isId = this.#open.length === 1 && length === 2 && this.#view.getUint16(start) === ID
      this.namesPrototype ||= length === PROTO.length && namesProto(this.#bytes, start)
    }
    if (length > LONG_TEXT && hasMark(this.#bytes, start)) {
      this.marked ??= []
      this.marked.push({ header, start, end: this.at })
    }
  }

  /** Of what is refused already, nothing is asked any more: each answer costs an exception. */
  #isText(start: number): boolean {
    if (this.#isTrusted || this.refusal !== undefined) return true
    for (let index = start; index < this.at; index++)
      if ((this.#bytes[index] ?? 0) > 0x7f) return isUtf8(this.#bytes.subarray(index, this.at))
    return true
  }

  #pass(length: number): void {
    if (length > this.#bytes.length - this.at) throw incomplete()
    this.at += length
  }

  /** An unsigned number of so many bytes. */
  #take(length: number): number {
    this.#pass(length)
    const start = this.at - length
    if (length === 1) return this.#view.getUint8(start)
    if (length === 2) return this.#view.getUint16(start)
    if (length === 4) return this.#view.getUint32(start)
    return this.#view.getUint32(start) * 2 ** 32 + this.#view.getUint32(start + 4)
  }

  #refuse(why: string, limit?: string): void {
    this.refusal ??= malformed(`the message ${why}`, limit)
  }
}

const ID = 0x6964
const PROTO = Array.from("__proto__", (character) => character.charCodeAt(0))

/** Whether `__proto__` stands there. */
export function namesProto(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < PROTO.length; index++) if (bytes[at + index] !== PROTO[index]) return false
  return true
}

/** U+FEFF in UTF-8. */
function hasMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf
}

function incomplete(): MagpieError {
  return malformed("the frame ends within a message")
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes)
    return true
  } catch {
    return false
  }
}
