import { NEWCOMERS_KEY, newcomerKey } from "../rows/keys.ts"
import { decodeNewcomerRow, encodeNewcomerRow, type NewcomerRow } from "../rows/newcomer-row.ts"
import type { RefusedRecord } from "../rows/producer-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { decodeNumber, encodeNumber } from "../rows/system-rows.ts"
import type { PendingWrites } from "./pending-writes.ts"
import type { SequenceVerdict } from "./sequences.ts"

/** From these rules on, refusals of newcomers are remembered. */
export const NEWCOMERS_SINCE = 6

/** How many newcomers are remembered. The next one takes the place of the first. */
export const NEWCOMERS = 1_024

/** How many refusals of one newcomer are remembered, the newest. An older one is `expired`. */
export const REFUSALS_OF_NEWCOMER = 256

interface Remembered {
  /** By channel and producer. */
  readonly rows: Map<string, NewcomerRow & { readonly place: number }>
  /** How many were ever remembered; the next one's place follows from it. */
  count: number
}

/**
 * What was refused to producers of which nothing is stored on a channel. Where a broker may land a publish late, only a refusal in the
 * log keeps that out [G2]. Anybody can be refused, so these rows have a fixed number of places and begin no channel [G11].
 */
export class Newcomers {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  #remembered: Remembered | undefined

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  /** As of a producer that is known: its numbers up to now are those of its refusals. */
  verdict(channel: string, producer: string, sequence: number): SequenceVerdict {
    const known = this.#read().rows.get(nameOf(channel, producer))
    const last = known?.last ?? 0
    if (sequence === last + 1) return "next"
    if (known === undefined || sequence > last) return { result: "out-of-order", expected: last + 1 }
    return known.refusals[sequence - last + known.refusals.length - 1] ?? { result: "expired" }
  }

  /** Uses its next number up, however often it was refused before: what it sent behind this one is in order. */
  refuse(channel: string, producer: string, refusal: RefusedRecord): void {
    const remembered = this.#read()
    const name = nameOf(channel, producer)
    const known = remembered.rows.get(name)
    if (known === undefined) {
      this.#put(name, { channel, producer, last: 1, refusals: [refusal], place: this.#takePlace(remembered) })
      return
    }
    const refusals = [...known.refusals.slice(1 - REFUSALS_OF_NEWCOMER), refusal]
    this.#put(name, { ...known, last: known.last + 1, refusals })
  }

  /** Forgets one that something is to be stored of, and says what it was. */
  adopt(channel: string, producer: string): NewcomerRow | undefined {
    const { rows } = this.#read()
    const name = nameOf(channel, producer)
    const known = rows.get(name)
    if (known === undefined) return undefined
    rows.delete(name)
    this.#pending.remove(newcomerKey(known.place))
    return known
  }

  discard(): void {
    this.#remembered = undefined
  }

  #read(): Remembered {
    if (this.#remembered !== undefined) return this.#remembered
    const row = this.#pending.getIntact(NEWCOMERS_KEY)
    const count = row === undefined ? 0 : decodeNumber(row)
    const rows: Remembered["rows"] = new Map()
    for (let place = 0; place < Math.min(count, NEWCOMERS); place++) {
      const stored = this.#pending.getIntact(newcomerKey(place))
      if (stored === undefined) continue
      const newcomer = decodeNewcomerRow(stored)
      rows.set(nameOf(newcomer.channel, newcomer.producer), { ...newcomer, place })
    }
    this.#remembered = { rows, count }
    return this.#remembered
  }

  #takePlace(remembered: Remembered): number {
    const place = remembered.count % NEWCOMERS
    const before = this.#pending.getIntact(newcomerKey(place))
    if (before !== undefined) {
      const { channel, producer } = decodeNewcomerRow(before)
      remembered.rows.delete(nameOf(channel, producer))
    }
    remembered.count++
    this.#pending.put(NEWCOMERS_KEY, encodeNumber(this.#writer, remembered.count))
    return place
  }

  #put(name: string, row: NewcomerRow & { readonly place: number }): void {
    this.#read().rows.set(name, row)
    this.#pending.put(newcomerKey(row.place), encodeNewcomerRow(this.#writer, row))
  }
}

/** Names hold no control characters, so this one keeps them apart. */
const nameOf = (channel: string, producer: string): string => `${channel}\n${producer}`
