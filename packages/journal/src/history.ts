import { MagpieError, type Position, type Publication, type ReadReceipt, type UnrecoverableReason } from "@magpie/protocol"
import { changeAt, receiptsIn, recordAt, versionsAt } from "./changed-records.ts"
import type { MessageVersion, Page, PageLimits, ResumeAnswer } from "./durable-log.ts"
import { commandIn, type OpenCommand, openCommandsIn } from "./read-commands.ts"
import { type RowsPage, readRows, rowIn, rowMarkAt } from "./read-rows.ts"
import { type ChannelRow, type CommandCounts, decodeChannelRow, NO_COMMANDS } from "./rows/channel-row.ts"
import type { CommandRow } from "./rows/command-row.ts"
import { channelKey, messageKey, messagePrefix, messageRange, readSortable } from "./rows/keys.ts"
import { decodeRow, isPointer, type MessageRecord, markText, messageMark, publicationOf } from "./rows/message-row.ts"
import { isIntact } from "./rows/row-reader.ts"
import type { TableRow } from "./rows/table-row.ts"
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

  oldest(channel: string): number {
    return this.#channel(channel)?.first ?? 1
  }

  resume(channel: string, position: Position): ResumeAnswer {
    const row = this.#channel(channel)
    const reason = this.#obstacle(row, position)
    if (reason !== undefined) return { answer: "unrecoverable", reason, position: this.#newestOf(row) }
    return { answer: "recovered", position }
  }

  find(channel: string, offset: number): MessageRecord | undefined {
    const row = this.#channel(channel)
    return row && recordAt(this.#storage, row, offset)
  }

  versions(channel: string, offset: number): readonly MessageVersion[] {
    const row = this.#channel(channel)
    return row === undefined ? [] : versionsAt(this.#storage, row, offset)
  }

  receipts(channel: string, after: string, limit: number): readonly ReadReceipt[] {
    const row = this.#channel(channel)
    return row === undefined ? [] : receiptsIn(this.#storage, row, after, limit)
  }

  row(channel: string, key: string): TableRow | undefined {
    const row = this.#channel(channel)
    return row === undefined ? undefined : rowIn(this.#storage, row, key)
  }

  readRows(channel: string, offset: number, limits: PageLimits, only?: ReadonlySet<string>): RowsPage {
    const row = this.#channel(channel)
    if (row === undefined) return { rows: [], position: this.#newestOf(row), more: false }
    const { rows, last } = readRows(this.#storage, row, offset, limits, only)
    const position = last === undefined ? this.#newestOf(row) : { epoch: this.#epoch, ...last }
    return { rows, position, more: last !== undefined && last.offset < row.newest }
  }

  command(channel: string, id: string): CommandRow | undefined {
    const row = this.#channel(channel)
    return row && commandIn(this.#storage, row, id)
  }

  openCommands(channel: string, offset: number, limit: number): readonly OpenCommand[] {
    const row = this.#channel(channel)
    return row === undefined ? [] : openCommandsIn(this.#storage, row, offset, limit)
  }

  commandCounts(channel: string): CommandCounts {
    return this.#channel(channel)?.commands ?? NO_COMMANDS
  }

  readAfter(channel: string, offset: number, limits: PageLimits): Page {
    const row = this.#channel(channel)
    if (row === undefined || offset >= row.newest) return { publications: [], more: false }
    if (offset + 1 < row.first) throw unrecoverable(trimReason(row), offset + 1, row.first - 1)
    const publications: Publication[] = []
    let reached = offset
    let bytes = 0
    for (const { key, value } of this.#storage.range({ ...messageRange(row.id, reached + 1, row.newest), limit: limits.maxCount })) {
      const at = offsetOf(row, key)
      if ((at > reached + 1 && row.holes === 0) || !isIntact(value)) break
      const found = decodeRow(value)
      const publication = isPointer(found) ? changeAt(this.#storage, row, channel, at, found) : publicationOf(found, channel, at)
      bytes += isPointer(found) ? publication.data.length : value.length
      if (publications.length > 0 && bytes > limits.maxBytes) break
      publications.push(at === reached + 1 ? publication : { ...publication, since: reached })
      reached = at
    }
    if (publications.length === 0 && limits.maxCount > 0) throw unrecoverable("corrupt", reached + 1, this.#damagedUpTo(row, reached + 1))
    return { publications, more: reached < row.newest }
  }

  readBefore(channel: string, offset: number, limits: PageLimits): Page {
    const row = this.#channel(channel)
    const last = Math.min(offset - 1, row?.newest ?? 0)
    if (row === undefined || last < row.first) return { publications: [], more: false }
    const publications: Publication[] = []
    let bytes = 0
    let next = last
    let isDamaged = false
    for (const { key, value } of this.#storage.range({ ...messageRange(row.id, row.first, last), reverse: true })) {
      const at = offsetOf(row, key)
      isDamaged = (at < next && row.holes === 0) || !isIntact(value)
      if (isDamaged) break
      const found = decodeRow(value)
      if (!isPointer(found)) {
        bytes += value.length
        const isFull = publications.length > 0 && bytes > limits.maxBytes
        if (isFull || publications.length >= limits.maxCount) return { publications: publications.reverse(), more: true }
        publications.push(publicationOf(found, channel, at))
      }
      next = at - 1
    }
    // Below the lowest row there may be offsets with nothing, left by changes.
    const more = isDamaged || (row.holes === 0 && next >= row.first)
    if (more && publications.length === 0 && limits.maxCount > 0) throw unrecoverable("corrupt", this.#damagedDownTo(row, next), next)
    return { publications: publications.reverse(), more }
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
    if (row.table !== undefined) return rowMarkAt(this.#storage, row, offset)
    const key = messageKey(messagePrefix(row.id), offset)
    // A change stood there that a later one of the same message took over.
    if (row.holes > 0 && this.#storage.get(key) === undefined) return undefined
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

function offsetOf(row: ChannelRow, key: string): number {
  return readSortable(key, messagePrefix(row.id).length).value
}

function trimReason(row: ChannelRow): UnrecoverableReason {
  return row.trimmedBy === "age" ? "expired" : "trimmed"
}

function unrecoverable(reason: UnrecoverableReason, from: number, to: number): MagpieError {
  return new MagpieError("UNRECOVERABLE", `messages ${from} to ${to} are gone (${reason})`, { details: { reason, from, to } })
}
