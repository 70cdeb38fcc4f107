import { MagpieError, type Position, type Publication, type UnrecoverableReason } from "@magpie/protocol"
import type { Page, PageLimits, ResumeAnswer } from "./durable-log.ts"
import { type ChannelRow, decodeChannelRow } from "./rows/channel-row.ts"
import { channelKey, messageKey, messagePrefix, messageRange } from "./rows/keys.ts"
import { decodeMessageRow, markText, messageMark } from "./rows/message-row.ts"
import { isIntact } from "./rows/row-reader.ts"
import type { Storage } from "./storage/storage.ts"

/** Damaged messages that one answer looks past to name the whole range. */
const LONGEST_DAMAGE = 10_000

/** Reads what is durable, and only that: everything comes from the storage's resolved commits. */
export class History {
  readonly #storage: Storage
  readonly #epoch: string

  constructor(storage: Storage, epoch: string) {
    this.#storage = storage
    this.#epoch = epoch
  }

  newest(channel: string): Position {
    return this.#newestOf(this.#channel(channel))
  }

  resume(channel: string, position: Position): ResumeAnswer {
    const row = this.#channel(channel)
    const reason = this.#obstacle(row, position)
    if (reason !== undefined) return { answer: "unrecoverable", reason, position: this.#newestOf(row) }
    return { answer: "recovered", position }
  }

  readAfter(channel: string, offset: number, limits: PageLimits): Page {
    const row = this.#channel(channel)
    if (row === undefined || offset >= row.newest) return { publications: [], more: false }
    if (offset + 1 < row.first) throw unrecoverable(trimReason(row), offset + 1, row.first - 1)
    const publications: Publication[] = []
    let next = offset + 1
    let bytes = 0
    for (const { key, value } of this.#storage.range({ ...messageRange(row.id, next, row.newest), limit: limits.maxCount })) {
      bytes += value.length
      if (publications.length > 0 && bytes > limits.maxBytes) break
      if (key !== messageKey(messagePrefix(row.id), next) || !isIntact(value)) break
      publications.push(decodeMessageRow(value, channel, next++))
    }
    if (publications.length === 0 && limits.maxCount > 0) throw unrecoverable("corrupt", next, this.#damagedUpTo(row, next))
    return { publications, more: next <= row.newest }
  }

  readBefore(channel: string, offset: number, limits: PageLimits): Page {
    const row = this.#channel(channel)
    let next = Math.min(offset - 1, row?.newest ?? 0)
    if (row === undefined || next < row.first) return { publications: [], more: false }
    const publications: Publication[] = []
    let bytes = 0
    const range = { ...messageRange(row.id, row.first, next), reverse: true, limit: limits.maxCount }
    for (const { key, value } of this.#storage.range(range)) {
      bytes += value.length
      if (publications.length > 0 && bytes > limits.maxBytes) break
      if (key !== messageKey(messagePrefix(row.id), next) || !isIntact(value)) break
      publications.push(decodeMessageRow(value, channel, next--))
    }
    if (publications.length === 0 && limits.maxCount > 0) throw unrecoverable("corrupt", this.#damagedDownTo(row, next), next)
    return { publications: publications.reverse(), more: next >= row.first }
  }

  /** Why a client at this position cannot go on; undefined when it can. */
  #obstacle(row: ChannelRow | undefined, { epoch, offset, mark }: Position): UnrecoverableReason | undefined {
    if (epoch !== this.#epoch || offset > (row?.newest ?? 0)) return "epoch"
    if (row === undefined) return undefined
    if (mark !== undefined && offset > 0) {
      const ours = this.#markAt(row, offset)
      if (ours === "damaged") return "corrupt"
      if (ours !== undefined && ours !== mark) return "epoch"
    }
    return offset < row.newest && offset + 1 < row.first ? trimReason(row) : undefined
  }

  #markAt(row: ChannelRow, offset: number): string | "damaged" | undefined {
    if (offset === row.newest) return markText(row.mark)
    if (offset < row.first) return undefined
    const value = this.#messageAt(row, offset)
    return value === undefined ? "damaged" : messageMark(value)
  }

  #newestOf(row: ChannelRow | undefined): Position {
    if (row === undefined || row.newest === 0) return { epoch: this.#epoch, offset: 0 }
    return { epoch: this.#epoch, offset: row.newest, mark: markText(row.mark) }
  }

  #channel(name: string): ChannelRow | undefined {
    const value = this.#storage.get(channelKey(name))
    if (value === undefined) return undefined
    if (isIntact(value)) return decodeChannelRow(value)
    throw new MagpieError("UNRECOVERABLE", "what is stored of the channel is damaged", { details: { reason: "corrupt" } })
  }

  /** A message that is there and intact. */
  #messageAt(row: ChannelRow, offset: number): Uint8Array | undefined {
    const value = this.#storage.get(messageKey(messagePrefix(row.id), offset))
    return value !== undefined && isIntact(value) ? value : undefined
  }

  #damagedUpTo(row: ChannelRow, from: number): number {
    const end = Math.min(row.newest, from + LONGEST_DAMAGE)
    let last = from
    while (last < end && this.#messageAt(row, last + 1) === undefined) last++
    return last
  }

  #damagedDownTo(row: ChannelRow, to: number): number {
    const end = Math.max(row.first, to - LONGEST_DAMAGE)
    let first = to
    while (first > end && this.#messageAt(row, first - 1) === undefined) first--
    return first
  }
}

function trimReason(row: ChannelRow): UnrecoverableReason {
  return row.trimmedBy === "age" ? "expired" : "trimmed"
}

function unrecoverable(reason: UnrecoverableReason, from: number, to: number): MagpieError {
  return new MagpieError("UNRECOVERABLE", `messages ${from} to ${to} are gone (${reason})`, { details: { reason, from, to } })
}
