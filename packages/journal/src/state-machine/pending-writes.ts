import { MagpieError } from "@magpie/protocol"
import { isTimeKey, type KeyRange } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import { compareUtf8 } from "../storage/sorted-keys.ts"
import type { Storage, StorageRow, Write } from "../storage/storage.ts"

/** A storage as it will be once the writes gathered here are committed. */
export class PendingWrites {
  readonly #storage: Storage
  readonly #rows = new Map<string, Uint8Array | undefined>()
  #timesChanged = false

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Whether a row of the indexes of time was touched. */
  get timesChanged(): boolean {
    return this.#timesChanged
  }

  put(key: string, value: Uint8Array): void {
    if (isTimeKey(key)) this.#timesChanged = true
    this.#rows.set(key, value)
  }

  remove(key: string): void {
    if (isTimeKey(key)) this.#timesChanged = true
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

  /** The first rows of a range, at most `limit`. A copy: writing meanwhile does not change it. */
  first(range: KeyRange, limit: number): StorageRow[] {
    const written = [...this.#rows.keys()].filter((key) => compareUtf8(key, range.from) >= 0 && compareUtf8(key, range.to) < 0)
    const found: StorageRow[] = []
    for (const key of written) {
      const value = this.#rows.get(key)
      if (value !== undefined) found.push({ key, value })
    }
    let stored = 0
    for (const row of this.#storage.range({ ...range, limit: limit + written.length })) {
      if (this.#rows.has(row.key)) continue
      found.push(row)
      if (++stored >= limit) break
    }
    return found.sort((a, b) => compareUtf8(a.key, b.key)).slice(0, limit)
  }

  /** What to commit. The writes stay visible here until `clear`. */
  writes(): Write[] {
    const writes: Write[] = []
    for (const [key, value] of this.#rows) writes.push(value === undefined ? { remove: key } : { put: key, value })
    return writes
  }

  clear(): void {
    this.#rows.clear()
    this.#timesChanged = false
  }
}
