import { MagpieError, type Position, type Publication } from "@magpie/protocol"
import { crc32Number, crc32Text } from "../checksum.ts"
import type { Outcome } from "../durable-log.ts"
import type { ClockEntry, Entry, EpochEntry, PublishEntry, RefusedEntry, SettingsEntry } from "../entry.ts"
import { ageRange, EPOCH_KEY, memoryRange, messageKey, PROGRESS_KEY, readMemoryKey, SETTINGS_KEY } from "../rows/keys.ts"
import { encodeMessageRow, markText } from "../rows/message-row.ts"
import type { SequenceRecord } from "../rows/producer-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import {
  type AppliedSettings,
  DEFAULT_SETTINGS,
  decodeProgress,
  decodeSettings,
  decodeText,
  encodeProgress,
  encodeSettings,
  encodeText,
  NO_PROGRESS,
  type Progress,
  retentionOf,
} from "../rows/system-rows.ts"
import type { Storage, Write } from "../storage/storage.ts"
import { type ChannelState, Channels } from "./channels.ts"
import { nextDueTime, patternsInUse } from "./due-times.ts"
import { HistoryTrimmer } from "./history-trimmer.ts"
import { IdempotencyKeys } from "./idempotency.ts"
import { PendingWrites } from "./pending-writes.ts"
import { Sequences } from "./sequences.ts"

/** Version of the rules by which entries become state. A log that was settled by a newer one is refused. */
export const APPLY_VERSION = 1

/** Rows that one clock entry may touch; what remains is due at once, for the next one. */
const EXPIRED_PER_CLOCK = 512

/** What an entry led to: its outcome for whoever sent it, and the message to deliver if one was stored. */
export interface Applied {
  readonly outcome?: Outcome
  readonly publication?: Publication
}

const NOTHING: Applied = {}

/**
 * Turns a log's entries into rows. Deterministic: equal entries give equal rows and an equal `stateHash`, on every node
 * and however the log is cut into batches. Entries are applied in memory; `endBatch` gives the writes, and after their
 * commit either `committed` or `discard` is called before the next entry.
 */
export class StateMachine {
  readonly #pending: PendingWrites
  readonly #writer = new RowWriter()
  readonly #channels: Channels
  readonly #sequences: Sequences
  readonly #keys: IdempotencyKeys
  readonly #trimmer: HistoryTrimmer
  #progress: Progress = NO_PROGRESS
  #now = 0
  #hash = 0
  #nextChannelId = 1
  #epoch: string | undefined
  #settings: AppliedSettings = DEFAULT_SETTINGS
  #due: { readonly at: number | undefined } | undefined

  /** Fails with STORAGE_FENCED on damaged rows and with INVALID_OPTIONS where a newer version wrote them. */
  constructor(storage: Storage) {
    this.#pending = new PendingWrites(storage)
    this.#channels = new Channels(this.#pending)
    this.#sequences = new Sequences(this.#pending, this.#writer)
    this.#keys = new IdempotencyKeys(this.#pending, this.#writer)
    this.#trimmer = new HistoryTrimmer(this.#pending, this.#writer, this.#channels)
    this.#load()
  }

  get epoch(): string | undefined {
    return this.#epoch
  }

  get settings(): AppliedSettings {
    return this.#settings
  }

  /** Position in the journal of the last committed entry. */
  get position(): number {
    return this.#progress.position
  }

  /** Checksum of everything applied; nodes at the same position have the same. */
  stateHash(): string {
    return this.#hash.toString(36)
  }

  /** When time has something to do; undefined when nothing waits on it. */
  nextDueAt(): number | undefined {
    if (this.#due === undefined) this.#due = { at: nextDueTime(this.#pending, this.#settings) }
    return this.#due.at
  }

  apply(entry: Entry): Applied {
    this.#now = Math.max(this.#now, entry.at)
    this.#mix(this.#now)
    switch (entry.type) {
      case "publish":
        return this.#publish(entry)
      case "refused":
        return { outcome: this.#refuse(entry) }
      case "clock":
        return this.#clock(entry)
      case "epoch":
        return this.#startEpoch(entry)
      case "settings":
        return this.#settle(entry)
    }
  }

  /** The writes of everything applied since the last batch, up to a position in the journal. */
  endBatch(position: number): Write[] {
    this.#channels.flush(this.#writer)
    this.#sequences.flush()
    this.#progress = { position, floor: this.#now, nextChannelId: this.#nextChannelId, hash: this.#hash }
    this.#pending.put(PROGRESS_KEY, encodeProgress(this.#writer, this.#progress))
    return this.#pending.writes()
  }

  committed(): void {
    if (this.#pending.timesChanged) this.#due = undefined
    this.#pending.clear()
    this.#channels.committed()
    this.#sequences.committed()
  }

  /** Forgets everything since the last commit, as if it had not been applied. */
  discard(): void {
    this.#pending.clear()
    this.#due = undefined
    this.#channels.discard()
    this.#sequences.discard()
    this.#load()
  }

  #load(): void {
    const progress = this.#pending.getIntact(PROGRESS_KEY)
    const epoch = this.#pending.getIntact(EPOCH_KEY)
    const settings = this.#pending.getIntact(SETTINGS_KEY)
    this.#progress = progress === undefined ? NO_PROGRESS : decodeProgress(progress)
    this.#now = this.#progress.floor
    this.#hash = this.#progress.hash
    this.#nextChannelId = this.#progress.nextChannelId
    this.#epoch = epoch === undefined ? undefined : decodeText(epoch)
    this.#settings = settings === undefined ? DEFAULT_SETTINGS : decodeSettings(settings)
    refuseNewer(this.#settings.applyVersion)
  }

  #publish(entry: PublishEntry): Applied {
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
    this.#keys.record(target.id, key, this.#now, this.#settings.deduplicationMs, { offset: target.newest, mark: target.mark, content })
    return stored
  }

  #publishInSequence(entry: PublishEntry, name: string, sequence: number, content: number, known: ChannelState | undefined): Applied {
    if (known === undefined && sequence !== 1) return { outcome: { result: "out-of-order", expected: 1 } }
    const channel = known ?? this.#create(entry)
    const producer = this.#sequences.find(channel.id, name)
    const verdict = this.#sequences.verdict(producer, sequence)
    if (verdict !== "next") return { outcome: "result" in verdict ? verdict : this.#repeated(verdict, content) }
    const stored = this.#store(entry, content, channel)
    const record = { offset: channel.newest, mark: channel.mark, content }
    this.#sequences.record(producer, this.#now, this.#settings.deduplicationMs, record)
    return stored
  }

  /** Whoever has stored nothing yet leaves no row behind, so that refusals do not fill the disk. */
  #refuse(entry: RefusedEntry): Outcome {
    const channel = this.#channels.find(entry.channel)
    const producer = channel === undefined ? undefined : this.#sequences.find(channel.id, entry.producer)
    if (producer === undefined || producer.last === 0) return { result: "unused" }
    const verdict = this.#sequences.verdict(producer, entry.sequence)
    if (verdict !== "next") return "result" in verdict ? verdict : this.#repeated(verdict, undefined)
    this.#sequences.refuse(producer, this.#now, this.#settings.deduplicationMs, entry.code)
    this.#mix(entry.sequence)
    return { result: "refused", code: entry.code }
  }

  /** The outcome of what a sequence or key stood for before. Without content to compare, any is taken for the same. */
  #repeated(record: SequenceRecord, content: number | undefined): Outcome {
    if ("refused" in record) return { result: "refused", code: record.refused }
    if (content !== undefined && content !== record.content) return { result: "conflict" }
    return { result: "duplicate", position: this.#position(record.offset, record.mark) }
  }

  #create(entry: PublishEntry): ChannelState {
    const channel = this.#channels.create(entry.channel, this.#nextChannelId++, entry.pattern)
    this.#channels.changed(channel)
    return channel
  }

  #store(entry: PublishEntry, content: number, channel: ChannelState): Applied {
    if (channel.pattern !== entry.pattern) this.#trimmer.moved(channel, entry.pattern)
    const offset = channel.newest + 1
    const author = crc32Text(entry.from ?? "", crc32Text(entry.ref ?? "", channel.mark))
    const mark = crc32Number(this.#now, crc32Number(offset, crc32Number(content, author)))
    channel.newest = offset
    channel.mark = mark
    this.#channels.changed(channel)
    this.#pending.put(messageKey(channel.messagePrefix, offset), encodeMessageRow(this.#writer, entry, this.#now, mark))
    this.#trimmer.added(channel, this.#now, retentionOf(this.#settings, entry.pattern))
    this.#mix(mark)
    const position = this.#position(offset, mark)
    const { channel: name, name: message, data, from, ref } = entry
    const publication = { channel: name, offset, mark: position.mark, at: this.#now, from, ref, name: message, data }
    return { outcome: { result: "stored", position }, publication }
  }

  #clock(_entry: ClockEntry): Applied {
    const rest = this.#expireMessages(EXPIRED_PER_CLOCK)
    this.#forget(rest)
    return NOTHING
  }

  /** Cost grows with what expires, not with the number of channels. Returns what is left of the budget. */
  #expireMessages(budget: number): number {
    let rest = budget
    for (const pattern of patternsInUse(this.#pending)) {
      const cutoff = this.#now - retentionOf(this.#settings, pattern).maxAgeMs
      if (!(cutoff >= 0)) continue
      for (const row of this.#pending.first(ageRange(pattern, cutoff), rest)) {
        if (rest <= 0) return 0
        const channel = isIntact(row.value) ? this.#channels.find(decodeText(row.value)) : undefined
        const took = this.#trimmer.expire(row.key, channel, cutoff, rest)
        rest -= took
        this.#mix(took)
      }
    }
    return rest
  }

  #forget(budget: number): void {
    const windowMs = this.#settings.deduplicationMs
    const cutoff = this.#now - windowMs
    if (cutoff < 0) return
    let rest = budget
    for (const row of this.#pending.first(memoryRange(cutoff), budget)) {
      if (rest <= 0) return
      const memory = readMemoryKey(row.key)
      const took = memory.kind === "k" ? this.#keys.forget(memory) : this.#sequences.forget(memory, { cutoff, windowMs }, rest)
      rest -= took
      this.#mix(took)
    }
  }

  #startEpoch(entry: EpochEntry): Applied {
    this.#epoch = entry.epoch
    this.#pending.put(EPOCH_KEY, encodeText(this.#writer, entry.epoch))
    this.#mix(crc32Text(entry.epoch))
    return NOTHING
  }

  #settle({ applyVersion, deduplicationMs, retention }: SettingsEntry): Applied {
    refuseNewer(applyVersion)
    this.#settings = { applyVersion, deduplicationMs, retention }
    this.#due = undefined
    const row = encodeSettings(this.#writer, this.#settings)
    this.#pending.put(SETTINGS_KEY, row)
    for (const byte of row) this.#mix(byte)
    return NOTHING
  }

  #position(offset: number, mark: number): Position & { readonly mark: string } {
    return { epoch: this.#epoch ?? "", offset, mark: markText(mark) }
  }

  #mix(value: number): void {
    this.#hash = crc32Number(value, this.#hash)
  }
}

function refuseNewer(applyVersion: number): void {
  if (applyVersion <= APPLY_VERSION) return
  throw new MagpieError(
    "INVALID_OPTIONS",
    `the log was written by rules of version ${applyVersion}, this Magpie knows up to ${APPLY_VERSION}; start the newer Magpie, or restore a backup from before it`,
    { details: { applyVersion, known: APPLY_VERSION } },
  )
}
