import { MagpieError } from "@magpie/protocol"
import { isIntact, RowReader } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import type { Storage, Write } from "../storage/storage.ts"
import { prefixedStorage } from "./prefixed-storage.ts"

const SWEPT_PER_COMMIT = 2_000

/** Where a node is in a partition's log, beside what the state machine says: enough to see whether the log is still the same. */
export interface Place {
  /** 0 before the first record. */
  readonly position: number
  /** Of the record at that position. */
  readonly mark: number
  readonly incarnation: string
}

export const NO_PLACE: Place = { position: 0, mark: 0, incarnation: "" }
export const PLACE_KEY = "l/place"

/**
 * A partition's rows within a node's storage. When the state must be built anew, that happens beside the old one and one
 * commit switches over, so that a crash leaves the one or the other. What a lost log had said stays until it is dealt with.
 */
export class Generations {
  readonly #storage: Storage
  readonly #partition: number
  readonly #key: string
  #current = 1
  #before: readonly number[] = []

  /** Fails with STORAGE_FENCED where the row that says which rows count is damaged [F107]. */
  constructor(storage: Storage, partition: number) {
    this.#storage = storage
    this.#partition = partition
    this.#key = `l/partition/${partition}`
    const row = intact(storage, this.#key)
    if (row === undefined) return
    const reader = new RowReader(row)
    this.#current = reader.number()
    const before: number[] = []
    while (!reader.done) before.push(reader.number())
    this.#before = before
  }

  get current(): Storage {
    return this.#of(this.#current)
  }

  /** States of a log that was lost, which nobody has dealt with yet. */
  get before(): readonly Storage[] {
    return this.#before.map((generation) => this.#of(generation))
  }

  /** Fails with STORAGE_FENCED where its row is damaged: whoever took that for "nothing applied" would apply everything twice. */
  get place(): Place {
    const row = intact(this.current, PLACE_KEY)
    if (row === undefined) return NO_PLACE
    const reader = new RowReader(row)
    return { position: reader.number(), mark: reader.u32(), incarnation: reader.text() }
  }

  placeWrite(place: Place): Write {
    return { put: PLACE_KEY, value: encodePlace(place) }
  }

  /** An empty place for the next state. */
  async prepare(): Promise<Storage> {
    await this.sweep()
    return this.#of(this.#next())
  }

  /** Makes the prepared state the present one. `keep`: the one before it is still needed. */
  async switchOver(place: Place, keep: boolean): Promise<void> {
    const next = this.#next()
    const before = keep ? [...this.#before, this.#current] : this.#before
    await this.#storage.commit([this.#pointer(next, before), { put: this.#prefix(next) + PLACE_KEY, value: encodePlace(place) }])
    this.#current = next
    this.#before = before
  }

  /** What was kept is no longer needed. */
  async settled(): Promise<void> {
    if (this.#before.length > 0) {
      await this.#storage.commit([this.#pointer(this.#current, [])])
      this.#before = []
    }
    await this.sweep()
  }

  /** Removes the rows of states that nobody needs, some at a time. */
  async sweep(): Promise<void> {
    const kept = new Set([this.#current, ...this.#before].map((generation) => this.#prefix(generation)))
    const all = `q/${this.#partition}/`
    let from = all
    for (;;) {
      const [row] = this.#storage.range({ from, to: endOf(all), limit: 1 })
      if (row === undefined) return
      const prefix = row.key.slice(0, row.key.indexOf("/", all.length) + 1)
      from = endOf(prefix)
      if (!kept.has(prefix)) await this.#remove(prefix)
    }
  }

  async #remove(prefix: string): Promise<void> {
    for (;;) {
      const rows = Array.from(this.#storage.range({ from: prefix, to: endOf(prefix), limit: SWEPT_PER_COMMIT }))
      if (rows.length === 0) return
      await this.#storage.commit(rows.map(({ key }) => ({ remove: key })))
    }
  }

  #pointer(current: number, before: readonly number[]): Write {
    const writer = new RowWriter(64).begin().number(current)
    for (const generation of before) writer.number(generation)
    return { put: this.#key, value: writer.end() }
  }

  #next(): number {
    return Math.max(this.#current, ...this.#before) + 1
  }

  #prefix(generation: number): string {
    return `q/${this.#partition}/${generation}/`
  }

  #of(generation: number): Storage {
    return prefixedStorage(this.#storage, this.#prefix(generation))
  }
}

/** The row, where there is one. Fails with STORAGE_FENCED where it is damaged. */
export function intact(storage: Storage, key: string): Uint8Array | undefined {
  const row = storage.get(key)
  if (row === undefined || isIntact(row)) return row
  throw damagedState(key)
}

/** What a node keeps of a shared log is a copy: the log or a snapshot makes another. */
export function damagedState(key: string): MagpieError {
  const remedy = "Start the node with an empty storage: it builds its state anew from the log or a snapshot."
  return new MagpieError("STORAGE_FENCED", `the stored row ${key} is damaged`, { details: { key }, remedy })
}

function encodePlace({ position, mark, incarnation }: Place): Uint8Array {
  return new RowWriter(64).begin().number(position).u32(mark).text(incarnation).end()
}

/** Behind everything that begins with a prefix that ends with a slash. */
function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}
