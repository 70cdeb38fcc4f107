import type { BrokerRecord, RecordReader } from "./broker.ts"

/** So many records wait for their reader; then the broker waits. */
const MOST_RECORDS = 512
const MOST_BYTES = 4_194_304

/** Between a broker that brings records by itself and a reader that asks for them. */
export class RecordQueue implements RecordReader {
  #records: BrokerRecord[] = []
  #bytes = 0
  #failure: { readonly cause: unknown } | undefined
  #stopped = false
  #wake: () => void = () => {}
  #makeRoom: () => void = () => {}
  readonly #onStop: () => void

  constructor(onStop: () => void) {
    this.#onStop = onStop
  }

  /** Resolves when there is room for more; at once when the reader was stopped. */
  async push(record: BrokerRecord): Promise<void> {
    if (this.#stopped) return
    this.#records.push(record)
    this.#bytes += record.record.length
    this.#wake()
    if (this.#records.length < MOST_RECORDS && this.#bytes < MOST_BYTES) return
    await new Promise<void>((resolve) => {
      this.#makeRoom = resolve
    })
  }

  /** Nothing comes any more; who reads learns of it behind what has come. */
  fail(cause: unknown): void {
    this.#failure ??= { cause }
    this.#wake()
  }

  async next(): Promise<readonly BrokerRecord[]> {
    while (this.#records.length === 0 && !this.#stopped) {
      if (this.#failure !== undefined) throw this.#failure.cause
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const taken = this.#records
    this.#records = []
    this.#bytes = 0
    this.#makeRoom()
    return this.#stopped ? [] : taken
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#wake()
    this.#makeRoom()
    this.#onStop()
  }
}
