import { CHANGE, COMMAND, type ErrorCode, type JsonText, type Position, type Publication, READ } from "@magpie/protocol"
import { crc32Number, crc32Text } from "../checksum.ts"
import type { Outcome } from "../durable-log.ts"
import type { ChangeEntry, CommandEntry, CompactEntry, PublishEntry, RefusedEntry, RowEntry } from "../entry.ts"
import { messageKey } from "../rows/keys.ts"
import { encodeMessageRow, encodePointerRow, markText, type Pointer } from "../rows/message-row.ts"
import type { SequenceRecord } from "../rows/producer-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { retentionOf } from "../rows/system-rows.ts"
import type { Applied } from "./applied.ts"
import { Changes, changeText } from "./changes.ts"
import { type ChannelState, Channels } from "./channels.ts"
import type { Place } from "./command-reports.ts"
import { Commands, isFirstStep } from "./commands.ts"
import { compact } from "./compaction.ts"
import { Expiry } from "./expiry.ts"
import { HistoryTrimmer } from "./history-trimmer.ts"
import { IdempotencyKeys, type KeyRecord } from "./idempotency.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { type Numbered, Producers } from "./producers.ts"
import { Receipts } from "./receipts.ts"
import { codeOfNone, contentOf, type SentEntry } from "./sent-entry.ts"
import { isFirstRow, rowPublication, Tables } from "./tables.ts"

/** From these rules on, messages change. */
export const CHANGED_SINCE = 4

/** What became of something that was sent, and the place that its number or key stands for from now on; none where it was refused. */
interface Taken {
  readonly applied: Applied
  readonly place?: { readonly offset: number; readonly mark: number }
  readonly refused?: ErrorCode
}

/** The channels' messages: their order, who sent them under which number, and how long they are kept. */
export class Streams {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #channels: Channels
  readonly #producers: Producers
  readonly #keys: IdempotencyKeys
  readonly #changes: Changes
  readonly #receipts: Receipts
  readonly #tables: Tables
  readonly #commands: Commands
  readonly #trimmer: HistoryTrimmer
  readonly #expiry: Expiry

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#channels = new Channels(pending)
    this.#producers = new Producers(pending, writer, state)
    this.#keys = new IdempotencyKeys(pending, writer)
    this.#changes = new Changes(pending, writer, state)
    this.#receipts = new Receipts(pending, writer)
    this.#tables = new Tables(pending, writer, state)
    this.#commands = new Commands(pending, writer, state)
    this.#trimmer = new HistoryTrimmer(pending, writer, this.#channels)
    this.#expiry = new Expiry(pending, state, {
      channels: this.#channels,
      producers: this.#producers,
      keys: this.#keys,
      trimmer: this.#trimmer,
    })
  }

  publish(entry: SentEntry): Applied {
    const content = contentOf(entry)
    const known = this.#channels.find(entry.channel)
    const { channel: name, producer, sequence } = entry
    if (producer !== undefined && sequence !== undefined) {
      return this.#publishInSequence(entry, { channel: name, producer, sequence }, content, known)
    }
    const { key } = entry
    const before = known === undefined || key === undefined ? undefined : this.#keys.find(known.id, key)
    if (before !== undefined) return { outcome: this.#repeated(before, content) }
    const channel = known ?? this.#begin(entry)
    if (channel === undefined) return { outcome: { result: "refused", code: codeOfNone(entry) } }
    const { applied, place } = this.#take(entry, content, channel)
    const { now, settings } = this.#state
    if (key !== undefined && place !== undefined) this.#keys.record(channel.id, key, now, settings.deduplicationMs, { ...place, content })
    return applied
  }

  compact(entry: CompactEntry): Outcome {
    return compact(entry, this.#channels, this.#state, this.#pending, this.#writer)
  }

  refuse(entry: RefusedEntry): Outcome {
    const channel = this.#channels.find(entry.channel)
    const ref = crc32Text(entry.ref ?? "")
    const verdict = this.#producers.verdict(entry, channel)
    if (verdict !== "next") return "result" in verdict ? verdict : this.#repeatedSequence(verdict, ref, undefined)
    return this.#producers.refuse(entry, channel, { refused: entry.code, ref })
  }

  expire(budget: number): void {
    this.#expiry.expire(budget)
  }

  flush(): void {
    this.#channels.flush(this.#writer)
    this.#producers.flush()
  }

  committed(): void {
    this.#channels.committed()
    this.#producers.committed()
    this.#tables.committed()
  }

  discard(): void {
    this.#channels.discard()
    this.#producers.discard()
    this.#tables.discard()
  }

  #publishInSequence(entry: SentEntry, number: Numbered, content: number, known: ChannelState | undefined): Applied {
    const ref = crc32Text(entry.ref ?? "")
    const verdict = this.#producers.verdict(number, known)
    if (verdict !== "next") return { outcome: "result" in verdict ? verdict : this.#repeatedSequence(verdict, ref, content) }
    const channel = known ?? this.#begin(entry)
    if (channel === undefined) return { outcome: this.#producers.refuse(number, undefined, { refused: codeOfNone(entry), ref }) }
    const { applied, place, refused } = this.#take(entry, content, channel)
    if (place !== undefined) this.#producers.use(number, channel, { ...place, content, ref })
    else if (refused !== undefined) this.#producers.use(number, channel, { refused, ref })
    return applied
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

  /** A channel begins with its first message or row; before that there is nothing to change. */
  #begin(entry: SentEntry): ChannelState | undefined {
    if (entry.type === "change" || (entry.type === "row" && !isFirstRow(entry.write))) return undefined
    if (entry.type === "command" && !isFirstStep(entry.step)) return undefined
    const channel = this.#channels.create(entry.channel, this.#state.nextChannelId++, entry.pattern)
    this.#channels.changed(channel)
    return channel
  }

  #take(entry: SentEntry, content: number, channel: ChannelState): Taken {
    if (entry.type === "row") return this.#write(entry, content, channel)
    // A table that is a stream now has rows where positions point to.
    if (channel.table !== undefined) return this.#unstored({ refused: "BAD_REQUEST" })
    if (entry.type === "publish") return this.#store(entry, content, channel)
    if (entry.type === "command") return this.#step(entry, content, channel)
    const { change } = entry
    if (change.action === "read") {
      const receipt = this.#receipts.judge(entry, change.offset, change.most, channel)
      if (!("write" in receipt)) return this.#unstored(receipt)
      return this.#point(entry, content, channel, "receipt", READ, (version) => {
        receipt.write(version)
        return JSON.stringify({ upTo: change.offset }) as JsonText
      })
    }
    const effect = this.#changes.judge(entry, change, channel)
    if (!("write" in effect)) return this.#unstored(effect)
    return this.#point(entry, content, channel, "change", CHANGE, (version) => {
      this.#state.mix(effect.write(version))
      return changeText(change, effect.was, effect.told)
    })
  }

  #unstored(effect: { readonly refused: ErrorCode } | { readonly standing: { readonly offset: number; readonly mark: number } }): Taken {
    if ("refused" in effect) return { applied: { outcome: { result: "refused", code: effect.refused } }, refused: effect.refused }
    const { offset, mark } = effect.standing
    return { applied: { outcome: { result: "duplicate", position: this.#position(offset, mark) } }, place: effect.standing }
  }

  #store(entry: PublishEntry, content: number, channel: ChannelState): Taken {
    const place = this.#next(entry, content, channel)
    return this.#took(entry, channel, place, this.#put(entry, channel, place, entry.name, entry.data))
  }

  #step(entry: CommandEntry, content: number, channel: ChannelState): Taken {
    const effect = this.#commands.judge(entry, channel)
    if (!("write" in effect)) return this.#unstored(effect)
    const place = this.#next(entry, content, channel)
    return this.#took(entry, channel, place, this.#put(entry, channel, place, COMMAND, effect.write(place)))
  }

  /** What time makes of a command: a message of its channel, as if somebody had said it. */
  commandDue(name: string, id: string, at: number): Publication | undefined {
    const channel = this.#channels.find(name)
    const effect = channel && this.#commands.due(channel, id, at)
    if (channel === undefined || effect === undefined || !("write" in effect)) return undefined
    const place = this.#next({ pattern: channel.pattern }, crc32Text(id), channel)
    const publication = this.#put({ channel: name }, channel, place, COMMAND, effect.write(place))
    this.#added(channel.pattern, channel, place)
    return publication
  }

  #put(
    { channel: name, from, ref }: Pick<SentEntry, "channel" | "from" | "ref">,
    channel: ChannelState,
    { offset, mark }: Place,
    message: string,
    data: JsonText,
  ): Publication {
    const { now } = this.#state
    const record = { at: now, mark, name: message, from, ref, data }
    this.#pending.put(messageKey(channel.messagePrefix, offset), encodeMessageRow(this.#writer, record))
    return { channel: name, offset, mark: markText(mark), at: now, from, ref, name: message, data }
  }

  #write(entry: RowEntry, content: number, channel: ChannelState): Taken {
    const effect = this.#tables.judge(entry, channel)
    if ("refused" in effect) return this.#unstored(effect)
    const place = this.#next(entry, content, channel)
    const data = effect.write(place)
    this.#state.mix(place.mark)
    const { from, ref } = entry
    const publication = rowPublication(entry.channel, this.#state.now, place, { key: entry.write.key, data, from, ref })
    return { applied: { outcome: { result: "stored", position: this.#position(place.offset, place.mark) }, publication }, place }
  }

  /** Looks at a row whose time has come. Its end takes an offset, as if somebody had deleted it. */
  rowDue(name: string, key: string, at: number): Publication | undefined {
    const channel = this.#channels.find(name)
    if (channel === undefined || !this.#tables.isDue(channel, key, at)) return undefined
    const place = this.#next({ pattern: channel.pattern }, crc32Text(key), channel)
    this.#tables.expire(channel, key, place)
    this.#state.mix(place.mark)
    return rowPublication(name, this.#state.now, place, { key })
  }

  /** What changes a message takes an offset of its own, where a pointer stands for it. */
  #point(
    entry: ChangeEntry,
    content: number,
    channel: ChannelState,
    kind: Pointer["kind"],
    name: string,
    write: (version: number) => JsonText,
  ): Taken {
    const { now } = this.#state
    const { change, from, ref } = entry
    const { offset, mark } = this.#next(entry, content, channel)
    const data = write(offset)
    const pointer = { at: now, mark, from, ref, kind, offset: change.offset }
    this.#pending.put(messageKey(channel.messagePrefix, offset), encodePointerRow(this.#writer, pointer))
    return this.#took(
      entry,
      channel,
      { offset, mark },
      { channel: entry.channel, offset, mark: markText(mark), at: now, from, ref, name, data },
    )
  }

  /** Takes the channel's next offset. */
  #next(
    entry: Pick<SentEntry, "pattern" | "from" | "ref">,
    content: number,
    channel: ChannelState,
  ): { readonly offset: number; readonly mark: number } {
    if (channel.pattern !== entry.pattern) this.#trimmer.moved(channel, entry.pattern)
    const offset = channel.newest + 1
    const author = crc32Text(entry.from ?? "", crc32Text(entry.ref ?? "", channel.mark))
    const mark = crc32Number(this.#state.now, crc32Number(offset, crc32Number(content, author)))
    channel.newest = offset
    channel.mark = mark
    this.#channels.changed(channel)
    return { offset, mark }
  }

  #took(entry: SentEntry, channel: ChannelState, place: { offset: number; mark: number }, publication: Publication): Taken {
    this.#added(entry.pattern, channel, place)
    return { applied: { outcome: { result: "stored", position: this.#position(place.offset, place.mark) }, publication }, place }
  }

  #added(pattern: string, channel: ChannelState, { mark }: Place): void {
    const { now, settings } = this.#state
    this.#trimmer.added(channel, now, retentionOf(settings, pattern))
    this.#state.mix(mark)
  }

  #position(offset: number, mark: number): Position & { readonly mark: string } {
    return { epoch: this.#state.epoch ?? "", offset, mark: markText(mark) }
  }
}
