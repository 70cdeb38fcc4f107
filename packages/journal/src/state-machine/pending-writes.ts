import { MagpieError } from "@magpie/protocol"
import { isTimeKey, type KeyRange } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import { compareUtf8, SortedKeys } from "../storage/sorted-keys.ts"
import type { Storage, StorageRow, Write } from "../storage/storage.ts"

/** A storage as it will be once the writes gathered here are committed. */
export class PendingWrites {
  readonly #storage: Storage
  readonly #rows = new Map<string, Uint8Array | undefined>()
  /** The keys put here that belong to the indexes of time, which are read by range. */
  #times = new SortedKeys()
  #timesChanged = false

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Whether a row of the indexes of time was touched. */
  get timesChanged(): boolean {
    return this.#timesChanged
  }

  put(key: string, value: Uint8Array): void {
    if (isTimeKey(key)) {
      this.#timesChanged = true
      this.#times.add(key)
    }
    this.#rows.set(key, value)
  }

  remove(key: string): void {
    if (isTimeKey(key)) {
      this.#timesChanged = true
      this.#times.remove(key)
    }
    this.#rows.set(key, undefined)
  }

  get(key: string): Uint8Array | undefined {
    return this.#rows.has(key) ? this.#rows.get(key) : this.#storage.get(key)
  }

  /** As `get`, for what the machine cannot go on without. Fails with STORAGE_FENCED where the row is damaged [F107]. */
  getIntact(key: string): Uint8Array | undefined {
    const value = this.get(key)
    if (value === undefined || isIntact(value)) return value
    throw new MagpieError("STORAGE_FENCED", `the stored row ${key} is damaged; restore a backup`, { details: { key } })
  }

  /** The first key of a range in which what is put lies behind what is stored, or in its place. */
  firstKey({ from, to }: KeyRange): string | undefined {
    for (const { key } of this.#storage.range({ from, to })) {
      if (!this.#rows.has(key) || this.#rows.get(key) !== undefined) return key
    }
    let first: string | undefined
    for (const [key, value] of this.#rows) {
      const isInside = value !== undefined && compareUtf8(from, key) <= 0 && compareUtf8(key, to) < 0
      if (isInside && (first === undefined || compareUtf8(key, first) < 0)) first = key
    }
    return first
  }

  /** The first rows of a range of one of the indexes of time, at most `limit`. A copy: writing meanwhile does not change it. */
  first(range: KeyRange, limit: number): StorageRow[] {
    const found: StorageRow[] = []
    const put = this.#putTimes(range)
    let next = put.next()
    for (const row of this.#storage.range(range)) {
      for (; !next.done && found.length < limit && compareUtf8(next.value.key, row.key) < 0; next = put.next()) found.push(next.value)
      if (found.length >= limit) return found
      if (!this.#rows.has(row.key)) found.push(row)
    }
    for (; !next.done && found.length < limit; next = put.next()) found.push(next.value)
    return found
  }

  *#putTimes({ from, to }: KeyRange): Generator<StorageRow, undefined> {
    for (let key = this.#times.atOrAfter(from); key !== undefined && compareUtf8(key, to) < 0; key = this.#times.atOrAfter(`${key}\0`)) {
      const value = this.#rows.get(key)
      if (value !== undefined) yield { key, value }
    }
  }

  /** What to commit. The writes stay visible here until `clear`. */
  writes(): Write[] {
    const writes: Write[] = []
    for (const [key, value] of this.#rows) writes.push(value === undefined ? { remove: key } : { put: key, value })
    return writes
  }

  clear(): void {
    this.#rows.clear()
    if (!this.#timesChanged) return
    this.#times = new SortedKeys()
    this.#timesChanged = false
  }
}
