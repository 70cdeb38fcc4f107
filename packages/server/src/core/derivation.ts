import type { DurableLog } from "@magpie/journal"
import { type Clock, type Log, MagpieError, type Publication, ROW, type Timer, toMagpieError } from "@magpie/protocol"

/** The table that is derived, as this writes it. */
export interface DerivedTarget {
  readonly name: string
  get(key: string): { readonly value: unknown } | undefined
  set(key: string, value: unknown): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** A row that was written, and what it was when it was seen last. */
export interface SourceChange {
  readonly from: string
  readonly key: string
  readonly value: unknown
  readonly before: unknown
  readonly at: number
}

export interface DerivationOptions {
  readonly log: Pick<DurableLog, "readRows" | "onApplied">
  readonly clock: Clock
  readonly report: Log
  readonly target: DerivedTarget
  readonly sources: readonly string[]
  readonly keeps: boolean
  step(change: SourceChange, row: (key: string) => unknown): Iterable<readonly [key: string, value: unknown]>
}

interface Source {
  /** It was seen up to here. */
  at: number
  isLevel: boolean
  readonly values: Map<string, unknown>
}

/** What is read of a source in one turn. */
const ROW_PAGE = { maxCount: 512, maxBytes: 262_144 }
/** How long to wait for a log that is being opened, and for one that takes nothing now. */
const AGAIN_MS = 100

/**
 * Follows tables and writes another. What it has not written yet is the newest of each row, so that a slow disk delays it and
 * does not make it wrong.
 */
export class Derivation {
  readonly #options: DerivationOptions
  readonly #sources: ReadonlyMap<string, Source>
  readonly #rows = new Map<string, unknown>()
  readonly #dirty = new Set<string>()
  /** Rows from before, which leave unless they are derived again. */
  readonly #old = new Set<string>()
  readonly #stopListening: () => void
  #timer: Timer | undefined
  #isBegun = false
  /** All sources were read to their ends. */
  #isWhole = false
  #isWriting = false
  #isStopped = false

  constructor(options: DerivationOptions) {
    this.#options = options
    this.#sources = new Map(options.sources.map((name) => [name, { at: 0, isLevel: false, values: new Map() }]))
    this.#stopListening = options.log.onApplied((publications) => this.#applied(publications))
    this.#go()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#stopListening()
  }

  /** Reads one page, until all sources were read; then what is written is told. */
  #go(): void {
    if (this.#isStopped) return
    try {
      if (!this.#isBegun) this.#begin()
      const next = [...this.#sources].find(([, { isLevel }]) => !isLevel)
      if (next === undefined) return this.#end()
      this.#read(...next)
    } catch (failure) {
      if (toMagpieError(failure).code !== "UNAVAILABLE") return this.#failed(failure)
      return this.#later(() => this.#go())
    }
    this.#options.clock.defer(() => this.#go())
  }

  #begin(): void {
    const { log, target, keeps } = this.#options
    for (let at = 0, more = true; more; ) {
      const page = log.readRows(target.name, at, ROW_PAGE)
      for (const { key, data } of page.rows) {
        if (data === undefined) continue
        if (keeps) this.#rows.set(key, JSON.parse(data))
        else this.#old.add(key)
      }
      at = page.position.offset
      more = page.more
    }
    this.#isBegun = true
  }

  #read(name: string, source: Source): void {
    const { rows, position, more } = this.#options.log.readRows(name, source.at, ROW_PAGE)
    for (const { key, data, at } of rows) this.#see(name, source, key, data === undefined ? undefined : JSON.parse(data), at)
    source.at = position.offset
    source.isLevel = !more
  }

  #end(): void {
    for (const key of this.#old) if (!this.#rows.has(key)) this.#dirty.add(key)
    this.#old.clear()
    this.#isWhole = true
    void this.#write()
  }

  /** Each write, in order, of a source that was read to its end. */
  #applied(publications: readonly Publication[]): void {
    for (const { channel, name, offset = 0, data, at } of publications) {
      const source = name === ROW ? this.#sources.get(channel) : undefined
      if (source === undefined || !source.isLevel || offset <= source.at) continue
      source.at = offset
      const { key, data: value } = JSON.parse(data) as { readonly key: string; readonly data?: unknown }
      this.#see(channel, source, key, value, at)
    }
    if (this.#isWhole) void this.#write()
  }

  #see(from: string, { values }: Source, key: string, value: unknown, at: number): void {
    const before = values.get(key)
    if (value === undefined) values.delete(key)
    else values.set(key, value)
    for (const [row, next] of this.#step({ from, key, value, before, at })) {
      if (next === undefined) this.#rows.delete(row)
      else this.#rows.set(row, next)
      this.#dirty.add(row)
    }
  }

  /** All of what one step gives, or nothing: it may be a generator that throws behind its first rows. */
  #step(change: SourceChange): readonly (readonly [key: string, value: unknown])[] {
    try {
      return Array.from(
        this.#options.step(change, (name) => this.#rows.get(name)),
        ([row, next]) => [row, next],
      )
    } catch (failure) {
      this.#failed(failure)
      return []
    }
  }

  async #write(): Promise<void> {
    if (this.#isWriting || this.#isStopped) return
    this.#isWriting = true
    while (this.#dirty.size > 0 && !this.#isStopped && this.#timer === undefined) {
      const keys = [...this.#dirty]
      this.#dirty.clear()
      await Promise.all(keys.map((key) => this.#writeRow(key)))
    }
    this.#isWriting = false
  }

  async #writeRow(key: string): Promise<void> {
    const { target } = this.#options
    const value = this.#rows.get(key)
    try {
      const there = target.get(key)
      if (value === undefined) await (there && target.delete(key))
      else if (there === undefined || JSON.stringify(there.value) !== JSON.stringify(value)) await target.set(key, value)
    } catch (failure) {
      const { code, retryable } = toMagpieError(failure)
      if (code === "CLOSED" || code === "STORAGE_FENCED") return
      if (!retryable) return this.#failed(failure)
      this.#dirty.add(key)
      this.#later(() => void this.#write())
    }
  }

  #later(again: () => void): void {
    if (this.#isStopped) return
    this.#timer ??= this.#options.clock.setTimer(AGAIN_MS, () => {
      this.#timer = undefined
      again()
    })
  }

  #failed(failure: unknown): void {
    const { code, reason } = failure instanceof MagpieError ? failure : toMagpieError(failure)
    this.#options.report("error", "table.derive-failed", { table: this.#options.target.name, code, reason })
  }
}
