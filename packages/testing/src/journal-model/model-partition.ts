export interface StoredRecord {
  readonly position: number
  readonly record: Uint8Array
}

/** One partition's records as the broker keeps them, and who waits for more. */
export class ModelPartition {
  #records: StoredRecord[] = []
  #next = 1
  #trimmedBefore = 1
  #watchers = new Set<() => void>()

  get oldest(): number {
    return this.#trimmedBefore
  }

  /** Whether what lies at a position, or behind it, was let go of before anybody at that position read it. */
  isTrimmed(position: number): boolean {
    return position < this.#trimmedBefore
  }

  get newest(): number {
    return this.#records.at(-1)?.position ?? this.#trimmedBefore - 1
  }

  get records(): readonly StoredRecord[] {
    return this.#records
  }

  land(records: readonly Uint8Array[]): void {
    for (const record of records) this.#records.push({ position: this.#next++, record: record.slice() })
    this.wake()
  }

  /** Leaves positions out, as brokers do that number their own notes with the same counter. */
  skip(count: number): void {
    this.#next += count
  }

  /** A run without a hole. */
  read(from: number, limit: number): readonly StoredRecord[] {
    const begin = this.#records.findIndex(({ position }) => position >= from)
    if (begin < 0) return []
    const run: StoredRecord[] = []
    for (let index = begin; index < this.#records.length && run.length < limit; index++) {
      const stored = this.#records[index] as StoredRecord
      const before = run.at(-1)
      if (before !== undefined && stored.position !== before.position + 1) break
      run.push(stored)
    }
    return run
  }

  /** Forgets the newest and hands their positions out again. Returns how many there were. */
  lose(count: number): number {
    const lost = Math.min(count, this.#records.length)
    if (lost === 0) return 0
    this.#next = this.#records[this.#records.length - lost]?.position ?? this.#next
    this.#records = this.#records.slice(0, this.#records.length - lost)
    this.#trimmedBefore = Math.min(this.#trimmedBefore, this.#next)
    return lost
  }

  trim(before: number): void {
    this.#trimmedBefore = Math.max(this.#trimmedBefore, Math.min(before, this.#next))
    this.#records = this.#records.filter(({ position }) => position >= before)
  }

  /** Resolves when there may be more, or when it is woken for another reason. */
  watch(): { readonly woken: Promise<void>; readonly wake: () => void } {
    let wake = (): void => {}
    const woken = new Promise<void>((resolve) => {
      wake = () => {
        this.#watchers.delete(wake)
        resolve()
      }
    })
    this.#watchers.add(wake)
    return { woken, wake }
  }

  wake(): void {
    for (const wake of [...this.#watchers]) wake()
  }
}
