import type { Outcome } from "../durable-log.ts"
import { memoryKey, producerKey, sequencesKey } from "../rows/keys.ts"
import {
  decodeProducerRow,
  decodeSequenceBlock,
  encodeProducerRow,
  encodeSequenceBlock,
  type ProducerRow,
  type SequenceRecord,
} from "../rows/producer-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { GenerationCache } from "./generation-cache.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { type Recall, roundedUp } from "./recall.ts"

const CACHED_PRODUCERS = 20_000
const BLOCK_LENGTH = 16
/**
 * For how many windows a producer's last number outlives what its numbers stood for. Within that time an old number is
 * called `expired`; a producer that is forgotten wholly starts anew at 1.
 */
const REMEMBERED_WINDOWS = 8

export interface ProducerState {
  readonly channelId: number
  readonly producer: string
  last: number
  at: number
  oldest: number
  since: number
  tail: SequenceRecord[]
}

/** What a number means: the next one, or the outcome that it already has. */
export type SequenceVerdict = "next" | Outcome | SequenceRecord

const blockOf = (sequence: number): number => Math.floor((sequence - 1) / BLOCK_LENGTH)

/**
 * What each producer's numbers on each channel stand for [G2]. Records are kept in blocks of a fixed count, so that a
 * batch writes one row per producer and the rows do not depend on how the log was cut into batches.
 */
export class Sequences {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #cache = new GenerationCache<ProducerState>(CACHED_PRODUCERS)
  readonly #changed = new Set<ProducerState>()

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  find(channelId: number, producer: string): ProducerState {
    const key = producerKey(channelId, producer)
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const row = this.#pending.getIntact(key)
    const known: ProducerRow = row === undefined ? { last: 0, at: 0, oldest: 1, since: 0, tail: [] } : decodeProducerRow(row)
    const state: ProducerState = { channelId, producer, ...known, tail: [...known.tail] }
    this.#cache.set(key, state)
    return state
  }

  /**
   * A producer that nobody remembers and whose number is not 1 is out of order, with 1 expected: nothing is stored, a
   * client that still holds its first message sends it again, and one that does not knows that its numbers were forgotten.
   */
  verdict(producer: ProducerState, sequence: number): SequenceVerdict {
    if (sequence === producer.last + 1) return "next"
    if (sequence > producer.last) return { result: "out-of-order", expected: producer.last + 1 }
    return this.#record(producer, sequence) ?? { result: "expired" }
  }

  /** What a producer of which nothing is known yet was told of its numbers up to this one is no longer known either. */
  beginAfter(producer: ProducerState, sequence: number): void {
    producer.last = sequence
    producer.oldest = sequence + 1
  }

  /** Uses up the next number. */
  record(producer: ProducerState, at: number, windowMs: number, record: SequenceRecord): void {
    producer.last++
    producer.at = at
    producer.tail.push(record)
    this.#changed.add(producer)
    if (producer.since === 0) this.#remember(producer, roundedUp(at, windowMs))
    if (producer.last % BLOCK_LENGTH !== 0) return
    const start = producer.last - producer.tail.length + 1
    const block = encodeSequenceBlock(this.#writer, { start, at, records: producer.tail })
    this.#pending.put(sequencesKey(producer.channelId, producer.producer, blockOf(producer.last)), block)
    producer.tail = []
  }

  /** Forgets what is not younger than the window, at most `budget` rows. Returns how many rows that took. */
  forget(memory: { channelId: number; name: string; since: number }, recall: Recall, budget: number): number {
    const producer = this.find(memory.channelId, memory.name)
    this.#pending.remove(memoryKey(memory.since, "p", memory.channelId, memory.name))
    if (producer.since !== memory.since) return 1
    this.#changed.add(producer)
    const rows = this.#forgetBlocks(producer, recall.cutoff, budget)
    const inBlocks = producer.last - producer.tail.length >= producer.oldest
    if (inBlocks) {
      this.#remember(producer, roundedUp(this.#blockTime(producer, blockOf(producer.oldest)), recall.windowMs))
    } else if (producer.tail.length > 0 && producer.at > recall.cutoff) {
      this.#remember(producer, roundedUp(producer.at, recall.windowMs))
    } else this.#forgetWholly(producer, recall)
    return rows + 1
  }

  flush(): void {
    for (const producer of this.#changed) {
      this.#pending.put(producerKey(producer.channelId, producer.producer), encodeProducerRow(this.#writer, producer))
    }
    this.#changed.clear()
  }

  committed(): void {
    this.#cache.age()
  }

  discard(): void {
    this.#cache.clear()
    this.#changed.clear()
  }

  #record(producer: ProducerState, sequence: number): SequenceRecord | undefined {
    if (sequence < producer.oldest) return undefined
    const tailStart = producer.last - producer.tail.length + 1
    if (sequence >= tailStart) return producer.tail[sequence - tailStart]
    const row = this.#pending.getIntact(sequencesKey(producer.channelId, producer.producer, blockOf(sequence)))
    if (row === undefined) return undefined
    const block = decodeSequenceBlock(row)
    return block.records[sequence - block.start]
  }

  #forgetBlocks(producer: ProducerState, cutoff: number, budget: number): number {
    const tailStart = producer.last - producer.tail.length + 1
    let rows = 0
    while (producer.oldest < tailStart && rows < budget) {
      const block = blockOf(producer.oldest)
      if (this.#blockTime(producer, block) > cutoff) break
      this.#pending.remove(sequencesKey(producer.channelId, producer.producer, block))
      producer.oldest = (block + 1) * BLOCK_LENGTH + 1
      rows++
    }
    return rows
  }

  #forgetWholly(producer: ProducerState, { cutoff, windowMs }: Recall): void {
    producer.tail = []
    producer.oldest = producer.last + 1
    const until = producer.at + (REMEMBERED_WINDOWS - 1) * windowMs
    if (until > cutoff) {
      this.#remember(producer, until)
      return
    }
    const key = producerKey(producer.channelId, producer.producer)
    this.#changed.delete(producer)
    this.#cache.delete(key)
    this.#pending.remove(key)
  }

  #blockTime(producer: ProducerState, block: number): number {
    const row = this.#pending.getIntact(sequencesKey(producer.channelId, producer.producer, block))
    return row === undefined ? 0 : decodeSequenceBlock(row).at
  }

  #remember(producer: ProducerState, since: number): void {
    producer.since = since
    this.#pending.put(memoryKey(since, "p", producer.channelId, producer.producer), EMPTY)
  }
}

/** An index row says everything in its key. */
export const EMPTY = new Uint8Array([0])
