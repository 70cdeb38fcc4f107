import type { Position } from "@magpie/protocol"
import { crc32Number, crc32Text } from "../checksum.ts"
import type { Outcome } from "../durable-log.ts"
import type { PublishEntry, RefusedEntry } from "../entry.ts"
import { ageRange, memoryRange, messageKey, readMemoryKey } from "../rows/keys.ts"
import { encodeMessageRow, markText } from "../rows/message-row.ts"
import type { SequenceRecord } from "../rows/producer-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { decodeText, retentionOf } from "../rows/system-rows.ts"
import type { Applied } from "./applied.ts"
import { type ChannelState, Channels } from "./channels.ts"
import { patternsInUse } from "./due-times.ts"
import { HistoryTrimmer } from "./history-trimmer.ts"
import { IdempotencyKeys, type KeyRecord } from "./idempotency.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { Sequences } from "./sequences.ts"

/** The channels' messages: their order, who sent them under which number, and how long they are kept. */
export class Streams {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #channels: Channels
  readonly #sequences: Sequences
  readonly #keys: IdempotencyKeys
  readonly #trimmer: HistoryTrimmer

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#channels = new Channels(pending)
    this.#sequences = new Sequences(pending, writer)
    this.#keys = new IdempotencyKeys(pending, writer)
    this.#trimmer = new HistoryTrimmer(pending, writer, this.#channels)
  }

  publish(entry: PublishEntry): Applied {
    const content = crc32Text(entry.data, crc32Text(entry.name))
    const channel = this.#channels.find(entry.channel)
    if (entry.producer !== undefined && entry.sequence !== undefined) {
      return this.#publishInSequence(entry, entry.producer, entry.sequence, content, channel)
    }
    const { key } = entry
    if (key === undefined) return this.#store(entry, content, channel ?? this.#create(entry))
    const known = channel === undefined ? undefined : this.#keys.find(channel.id, key)
    if (known !== undefined) return { outcome: this.#repeated(known, content) }
    const target = channel ?? this.#create(entry)
    const stored = this.#store(entry, content, target)
    const { now, settings } = this.#state
    this.#keys.record(target.id, key, now, settings.deduplicationMs, { offset: target.newest, mark: target.mark, content })
    return stored
  }

  /** Whoever has stored nothing yet leaves no row behind, so that refusals do not fill the disk. */
  refuse(entry: RefusedEntry): Outcome {
    const channel = this.#channels.find(entry.channel)
    const producer = channel === undefined ? undefined : this.#sequences.find(channel.id, entry.producer)
    if (producer === undefined || producer.last === 0) return { result: "unused" }
    const verdict = this.#sequences.verdict(producer, entry.sequence)
    const ref = crc32Text(entry.ref ?? "")
    if (verdict !== "next") return "result" in verdict ? verdict : this.#repeatedSequence(verdict, ref, undefined)
    this.#sequences.refuse(producer, this.#state.now, this.#state.settings.deduplicationMs, { refused: entry.code, ref })
    this.#state.mix(entry.sequence)
    return { result: "refused", code: entry.code }
  }

  /** Cost grows with what expires, not with the number of channels. Touches at most `budget` rows; what remains is still due. */
  expire(budget: number): void {
    this.#forget(this.#expireMessages(budget))
  }

  flush(): void {
    this.#channels.flush(this.#writer)
    this.#sequences.flush()
  }

  committed(): void {
    this.#channels.committed()
    this.#sequences.committed()
  }

  discard(): void {
    this.#channels.discard()
    this.#sequences.discard()
  }

  #publishInSequence(entry: PublishEntry, name: string, sequence: number, content: number, known: ChannelState | undefined): Applied {
    if (known === undefined && sequence !== 1) return { outcome: { result: "out-of-order", expected: 1 } }
    const channel = known ?? this.#create(entry)
    const producer = this.#sequences.find(channel.id, name)
    const verdict = this.#sequences.verdict(producer, sequence)
    const ref = crc32Text(entry.ref ?? "")
    if (verdict !== "next") return { outcome: "result" in verdict ? verdict : this.#repeatedSequence(verdict, ref, content) }
    const stored = this.#store(entry, content, channel)
    const record = { offset: channel.newest, mark: channel.mark, content, ref }
    this.#sequences.record(producer, this.#state.now, this.#state.settings.deduplicationMs, record)
    return stored
  }

  /**
   * The outcome of what a sequence stood for before. A retry is the same message, with the same reference; what is refused may
   * have no content to compare.
   */
  #repeatedSequence(record: SequenceRecord, ref: number, content: number | undefined): Outcome {
    if (ref !== record.ref) return { result: "conflict" }
    if ("refused" in record) return { result: "refused", code: record.refused }
    return this.#repeated(record, content ?? record.content)
  }

  #repeated(record: KeyRecord, content: number): Outcome {
    if (content !== record.content) return { result: "conflict" }
    return { result: "duplicate", position: this.#position(record.offset, record.mark) }
  }

  #create(entry: PublishEntry): ChannelState {
    const channel = this.#channels.create(entry.channel, this.#state.nextChannelId++, entry.pattern)
    this.#channels.changed(channel)
    return channel
  }

  #store(entry: PublishEntry, content: number, channel: ChannelState): Applied {
    const { now } = this.#state
    if (channel.pattern !== entry.pattern) this.#trimmer.moved(channel, entry.pattern)
    const offset = channel.newest + 1
    const author = crc32Text(entry.from ?? "", crc32Text(entry.ref ?? "", channel.mark))
    const mark = crc32Number(now, crc32Number(offset, crc32Number(content, author)))
    channel.newest = offset
    channel.mark = mark
    this.#channels.changed(channel)
    this.#pending.put(messageKey(channel.messagePrefix, offset), encodeMessageRow(this.#writer, entry, now, mark))
    this.#trimmer.added(channel, now, retentionOf(this.#state.settings, entry.pattern))
    this.#state.mix(mark)
    const position = this.#position(offset, mark)
    const { channel: name, name: message, data, from, ref } = entry
    const publication = { channel: name, offset, mark: position.mark, at: now, from, ref, name: message, data }
    return { outcome: { result: "stored", position }, publication }
  }

  /** Returns what is left of the budget. */
  #expireMessages(budget: number): number {
    let rest = budget
    for (const pattern of patternsInUse(this.#pending)) {
      const cutoff = this.#state.now - retentionOf(this.#state.settings, pattern).maxAgeMs
      if (!(cutoff >= 0)) continue
      for (const row of this.#pending.first(ageRange(pattern, cutoff), rest)) {
        if (rest <= 0) return 0
        const channel = isIntact(row.value) ? this.#channels.find(decodeText(row.value)) : undefined
        const took = this.#trimmer.expire(row.key, channel, cutoff, rest)
        rest -= took
        this.#state.mix(took)
      }
    }
    return rest
  }

  #forget(budget: number): void {
    const windowMs = this.#state.settings.deduplicationMs
    const cutoff = this.#state.now - windowMs
    if (cutoff < 0) return
    let rest = budget
    for (const row of this.#pending.first(memoryRange(cutoff), budget)) {
      if (rest <= 0) return
      const memory = readMemoryKey(row.key)
      const took = memory.kind === "k" ? this.#keys.forget(memory) : this.#sequences.forget(memory, { cutoff, windowMs }, rest)
      rest -= took
      this.#state.mix(took)
    }
  }

  #position(offset: number, mark: number): Position & { readonly mark: string } {
    return { epoch: this.#state.epoch ?? "", offset, mark: markText(mark) }
  }
}
