import { type Clock, MagpieError, type Timer } from "@magpie/protocol"
import type { JournalBatch, JournalPlace, JournalReader } from "../journal.ts"
import type { BrokerRecord, JournalConnection, RecordReader } from "./broker.ts"
import type { Link, Live } from "./link.ts"

/** How often a tail looks whether its log is still the one that it reads. */
const CHECK_MS = 1_000
/** A broker that takes longer to say what it has is out of reach. */
const PLACE_MS = 15_000

export interface BrokerTailOptions {
  readonly clock: Clock
  readonly link: Link<JournalConnection>
  readonly partition: number
  readonly reader: JournalReader<Uint8Array>
}

/** One reader of one partition: from connect to connect, until it is stopped or rejects. */
export class BrokerTail {
  readonly #options: BrokerTailOptions
  #next = 1
  #newest = 0
  #stopped = false
  /** The log is not what the reader was told, and it must be asked again. */
  #astray = false
  #delivering: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(options: BrokerTailOptions) {
    this.#options = options
  }

  /** Settles when the tail has ended; never rejects. */
  async run(): Promise<void> {
    const { link } = this.#options
    for (;;) {
      const live = await this.#up()
      if (live === undefined) return
      try {
        await this.#follow(live)
      } catch (cause) {
        link.lost(live, cause)
      }
    }
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    return this.#delivering
  }

  refuse(cause: MagpieError): void {
    if (this.#stopped) return
    void this.stop()
    this.#options.reader.refused?.(cause)
  }

  #up(): Promise<Live<JournalConnection> | undefined> {
    if (this.#stopped) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const unwait = this.#options.link.whenUp(resolve)
      this.#wake = () => {
        unwait()
        resolve(undefined)
      }
    })
  }

  async #follow(live: Live<JournalConnection>): Promise<void> {
    this.#astray = false
    const place = await this.#place(live)
    this.#newest = place.newest
    await this.#guard(async () => {
      this.#next = await this.#options.reader.connected(place)
    })
    // What comes next is gone, and nobody skips it in silence: the reader is told its place once more.
    if (this.#next < place.oldest || this.#stopped || live.isLost) return
    const records = live.connection.read(this.#options.partition, this.#next)
    this.#wake = () => records.stop()
    const unheard = live.onLost(() => records.stop())
    const check = this.#watch(live, place)
    try {
      await this.#read(live, records)
    } finally {
      check.cancel()
      unheard()
      records.stop()
    }
  }

  async #read(live: Live<JournalConnection>, records: RecordReader): Promise<void> {
    const { partition, reader } = this.#options
    const ends = (): boolean => this.#stopped || this.#astray || live.isLost
    while (!ends()) {
      for (const [first, run] of runs(await records.next())) {
        if (ends()) return
        if (first > this.#next && (await this.#place(live)).oldest > this.#next) return
        this.#next = first + run.length
        this.#newest = Math.max(this.#newest, this.#next - 1)
        const batch: JournalBatch<Uint8Array> = { partition, first, records: run, newest: this.#newest }
        await this.#guard(() => reader.deliver(batch))
      }
    }
  }

  /** Brokers whose log was replaced or cut may keep the connection, and then a reader waits for ever. */
  #watch(live: Live<JournalConnection>, { incarnation }: JournalPlace): Timer {
    const { clock, link } = this.#options
    let over = false
    let timer: Timer
    const look = async (): Promise<void> => {
      const next = this.#next
      const place = await this.#place(live)
      if (over) return
      this.#newest = Math.max(this.#newest, place.newest)
      if (place.incarnation === incarnation && place.newest >= next - 1 && place.oldest <= next) return again()
      this.#astray = true
      this.#wake()
    }
    const again = (): void => {
      timer = clock.setTimer(CHECK_MS, () => {
        look().catch((cause: unknown) => {
          if (!over) link.lost(live, cause)
        })
      })
    }
    again()
    return {
      cancel() {
        over = true
        timer.cancel()
      },
    }
  }

  #place(live: Live<JournalConnection>): Promise<JournalPlace> {
    return live.run(() => live.connection.place(this.#options.partition), PLACE_MS)
  }

  /** A reader that rejects has ended its tail. */
  async #guard(task: () => Promise<void>): Promise<void> {
    if (this.#stopped) return
    this.#delivering = task().catch(() => {
      this.#stopped = true
    })
    await this.#delivering
  }
}

/** Cut at the holes. */
function runs(records: readonly BrokerRecord[]): readonly (readonly [first: number, run: Uint8Array[]])[] {
  const found: [number, Uint8Array[]][] = []
  for (const { position, record } of records) {
    const last = found.at(-1)
    if (last !== undefined && last[0] + last[1].length > position) throw new MagpieError("INTERNAL", "the broker gave records out of order")
    if (last !== undefined && last[0] + last[1].length === position) last[1].push(record)
    else found.push([position, [record]])
  }
  return found
}
