import { MagpieError } from "@magpie/protocol"
import { compareUtf8, SortedKeys } from "../storage/sorted-keys.ts"
import type { Storage, StorageRow, Write } from "../storage/storage.ts"

const PAGE_ROWS = 256
const PAGE_BYTES = 262_144
/** What may be put aside, keys included; an export that needs more is given up, and another is tried later. */
const ASIDE_BYTES = 67_108_864
/** Rows of this node alone stay here. */
const LOCAL = "l/"
const LAST_KEY = "\u{10ffff}"

/**
 * The rows of a state as they were when the export began, read page by page while entries go on being applied: what is about
 * to be overwritten is put aside first. Whoever writes calls `keep` before each commit.
 */
export class RowExport {
  readonly #storage: Storage
  readonly #asideLimit: number
  /** Everything up to here was read. */
  #reached = ""
  /** Rows as they were; undefined where there was none. */
  readonly #aside = new Map<string, Uint8Array | undefined>()
  #asideKeys = new SortedKeys()
  #asideBytes = 0
  #ended = false

  constructor(storage: Storage, asideLimit = ASIDE_BYTES) {
    this.#storage = storage
    this.#asideLimit = asideLimit
  }

  keep(writes: readonly Write[]): void {
    if (this.#ended) return
    for (const write of writes) {
      const key = "put" in write ? write.put : write.remove
      if (this.#aside.has(key) || compareUtf8(key, this.#reached) <= 0) continue
      const value = this.#storage.get(key)
      this.#aside.set(key, value)
      this.#asideKeys.add(key)
      this.#asideBytes += key.length + (value?.length ?? 0)
    }
    if (this.#asideBytes > this.#asideLimit) this.end()
  }

  /** Once. Fails with UNAVAILABLE when the export was ended before the last row. */
  *rows(): Generator<StorageRow> {
    for (let page = this.#page(); page !== undefined; page = this.#page()) yield* page
  }

  end(): void {
    this.#ended = true
    this.#aside.clear()
    this.#asideKeys = new SortedKeys()
  }

  /** The next rows in order; nothing behind the last. */
  #page(): readonly StorageRow[] | undefined {
    if (this.#ended) throw new MagpieError("UNAVAILABLE", "the export was given up")
    if (this.#reached === LAST_KEY) return undefined
    const [rows, until] = this.#stored()
    const page = rows.filter(({ key }) => !this.#aside.has(key) && !key.startsWith(LOCAL))
    for (let key = this.#asideKeys.atOrAfter(this.#reached); key !== undefined && compareUtf8(key, until) <= 0; ) {
      const value = this.#aside.get(key)
      if (value !== undefined) page.push({ key, value })
      this.#asideBytes -= key.length + (value?.length ?? 0)
      this.#aside.delete(key)
      this.#asideKeys.remove(key)
      key = this.#asideKeys.atOrAfter(key)
    }
    this.#reached = until
    return page.sort((a, b) => compareUtf8(a.key, b.key))
  }

  /** What is stored behind what was read, and up to which key that is all. */
  #stored(): readonly [rows: readonly StorageRow[], until: string] {
    const rows: StorageRow[] = []
    let bytes = 0
    for (const row of this.#storage.range({ from: this.#reached, to: LAST_KEY, limit: PAGE_ROWS + 1 })) {
      if (row.key === this.#reached) continue
      rows.push(row)
      bytes += row.value.length
      if (rows.length >= PAGE_ROWS || bytes >= PAGE_BYTES) return [rows, row.key]
    }
    return [rows, LAST_KEY]
  }
}
