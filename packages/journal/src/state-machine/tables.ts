import { type ErrorCode, type JsonText, type Publication, ROW } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import { isLonger } from "../door.ts"
import type { RowEntry, RowWrite } from "../entry.ts"
import type { TableCounts } from "../rows/channel-row.ts"
import { deletedKey, rowDeadline, rowIndexKey, rowKey } from "../rows/keys.ts"
import { markText } from "../rows/message-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { decodeText, encodeText } from "../rows/system-rows.ts"
import { decodeTableRow, encodeRowIndex, encodeTableRow, type TableRow } from "../rows/table-row.ts"
import type { ChannelState } from "./channels.ts"
import { Deadlines } from "./deadlines.ts"
import { GenerationCache } from "./generation-cache.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { type Fields, fieldsOf, merged, written } from "./row-fields.ts"

/** From these rules on, there are tables. */
export const TABLES_SINCE = 5

/**
 * Of so many rows that left a table last it is known that they did. Whoever was away while more of them left is given the
 * table anew. Part of the rules: it changes what a position is worth.
 */
export const GONE_REMEMBERED = 1_000

/** Rows that were written lately stay in memory as they were read, unless they are long. */
const CACHED_ROWS = 4_096
const CACHED_ROW_UNITS = 4_096

/** A row, and its value where that has fields. */
interface Known extends TableRow {
  readonly record: Fields | undefined
}

const NO_ROWS: TableCounts = { rows: 0, gone: 0, deleted: 0 }

interface Place {
  readonly offset: number
  readonly mark: number
}

/** A refusal, or the write, which gives the row's value and happens at the offset that it takes. */
export type RowEffect = { readonly refused: ErrorCode } | { write(place: Place): JsonText | undefined }

/**
 * Rows of tables: newest value by key. Beside each row there is one entry of an index, at the offset of its last write. So the
 * index in its order is what anybody lacks who is level with an offset: each row once, as it is now.
 */
export class Tables {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #deadlines: Deadlines
  readonly #cache = new GenerationCache<Known>(CACHED_ROWS)

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#deadlines = new Deadlines(pending)
  }

  judge({ write, from }: RowEntry, channel: ChannelState): RowEffect {
    // A stream that is a table now has messages where positions point to.
    if (channel.table === undefined && channel.newest > 0) return { refused: "BAD_REQUEST" }
    const row = this.#find(channel, write.key)
    const live = row?.data === undefined ? undefined : row
    if (write.expected !== undefined && write.expected !== (live?.version ?? 0)) return { refused: "CONFLICT" }
    if (live === undefined && write.action !== "set") return { refused: "CONFLICT" }
    if (write.action === "delete") return { write: (place) => this.#delete(channel, write.key, row, place, from) }
    const data = write.action === "set" ? write.data : merged(live?.record, write.data)
    if (data === undefined) return { refused: "BAD_REQUEST" }
    if (isLonger(data, write.maxBytes)) return { refused: "TOO_LARGE" }
    if (write.action === "set" && live === undefined && (channel.table?.rows ?? 0) >= write.most) return { refused: "LIMIT_EXCEEDED" }
    return { write: (place) => this.#put(channel, write, row, data, place, from) }
  }

  /** Whether the row that is looked at now leaves now; one that was written meanwhile does not. */
  isDue(channel: ChannelState, key: string, at: number): boolean {
    const row = this.#find(channel, key)
    return row?.data !== undefined && row.expiresAt === at
  }

  expire(channel: ChannelState, key: string, place: Place): void {
    this.#delete(channel, key, this.#find(channel, key), place, undefined)
  }

  forgetDeadline(channelId: number, key: string, at: number): void {
    this.#deadlines.clear(at, "w", rowDeadline(channelId, key))
  }

  committed(): void {
    this.#cache.age()
  }

  discard(): void {
    this.#cache.clear()
  }

  #find(channel: ChannelState, key: string): Known | undefined {
    const its = rowKey(channel.id, key)
    const cached = this.#cache.get(its)
    if (cached !== undefined) return cached
    const stored = this.#pending.getIntact(its)
    if (stored === undefined) return undefined
    const row = decodeTableRow(stored)
    return { ...row, record: row.data === undefined ? undefined : fieldsOf(row.data) }
  }

  #store(channel: ChannelState, key: string, row: Known): void {
    const its = rowKey(channel.id, key)
    this.#pending.put(its, encodeTableRow(this.#writer, row))
    if ((row.data?.length ?? 0) <= CACHED_ROW_UNITS) this.#cache.set(its, row)
    else this.#cache.delete(its)
  }

  #put(
    channel: ChannelState,
    { key, ttlMs }: { readonly key: string; readonly ttlMs?: number | undefined },
    before: Known | undefined,
    data: JsonText,
    place: Place,
    from: string | undefined,
  ): JsonText {
    const { now } = this.#state
    const counts = channel.table ?? NO_ROWS
    const wasGone = before !== undefined && before.data === undefined
    if (wasGone) this.#pending.remove(deletedKey(channel.id, before.ordinal ?? 0))
    const isNew = before?.data === undefined
    if (isNew) channel.table = { rows: counts.rows + 1, gone: counts.gone - (wasGone ? 1 : 0), deleted: counts.deleted }
    this.#leavePlace(channel, key, before)
    const expiresAt = ttlMs === undefined ? undefined : now + ttlMs
    if (expiresAt !== undefined) {
      this.#deadlines.set(expiresAt, "w", rowDeadline(channel.id, key), encodeText(this.#writer, channel.name))
    }
    const { base, fields, record } = written(before?.data === undefined ? undefined : before, data, place.offset)
    const { version, count, born } = countedOn(before, place)
    this.#store(channel, key, { version, count, born, at: now, from, data, base, fields, expiresAt, record })
    this.#pending.put(rowIndexKey(channel.id, place.offset), encodeRowIndex(this.#writer, now, { mark: place.mark, key }))
    this.#state.mix(crc32Text(data, place.offset))
    return data
  }

  #delete(channel: ChannelState, key: string, before: TableRow | undefined, place: Place, from: string | undefined): undefined {
    const { now } = this.#state
    const counts = channel.table ?? NO_ROWS
    this.#leavePlace(channel, key, before)
    const ordinal = counts.deleted + 1
    const value = { data: undefined, record: undefined, base: place.offset, fields: [] }
    this.#store(channel, key, { ...value, ...countedOn(before, place), at: now, from, ordinal })
    this.#pending.put(rowIndexKey(channel.id, place.offset), encodeRowIndex(this.#writer, now, { mark: place.mark, key }))
    this.#pending.put(deletedKey(channel.id, ordinal), encodeText(this.#writer, key))
    channel.table = { rows: counts.rows - 1, gone: counts.gone + 1, deleted: ordinal }
    this.#forgetGone(channel, ordinal - GONE_REMEMBERED)
  }

  /** The row's last write is no longer its last. */
  #leavePlace(channel: ChannelState, key: string, before: TableRow | undefined): void {
    if (before === undefined) return
    this.#pending.remove(rowIndexKey(channel.id, before.version))
    if (before.expiresAt !== undefined) this.forgetDeadline(channel.id, key, before.expiresAt)
  }

  /** Where the row did not come back since, nothing is left of it, and positions from before it left are worth nothing. */
  #forgetGone(channel: ChannelState, ordinal: number): void {
    const index = ordinal < 1 ? undefined : this.#pending.getIntact(deletedKey(channel.id, ordinal))
    if (index === undefined) return
    const key = decodeText(index)
    const row = this.#find(channel, key)
    this.#pending.remove(deletedKey(channel.id, ordinal))
    if (row === undefined) return
    this.#pending.remove(rowKey(channel.id, key))
    this.#cache.delete(rowKey(channel.id, key))
    this.#pending.remove(rowIndexKey(channel.id, row.version))
    channel.first = row.version + 1
    channel.trimmedBy = "count"
    const { rows, gone, deleted } = channel.table ?? NO_ROWS
    channel.table = { rows, deleted, gone: gone - 1 }
  }
}

/** Which row was written, and its value; without one where it left. Followers read what it is when it is their turn. */
export function rowPublication(channel: string, at: number, { offset, mark }: Place, sent: RowSender): Publication {
  const { key, data, from, ref } = sent
  return { channel, offset, mark: markText(mark), at, from, ref, name: ROW, data: textOf(key, data) }
}

/** Counts a write of a row. */
function countedOn(before: TableRow | undefined, { offset }: Place): Pick<TableRow, "version" | "count" | "born"> {
  return { version: offset, count: (before?.count ?? 0) + 1, born: before?.born ?? offset }
}

function textOf(key: string, data: JsonText | undefined): JsonText {
  return `{"key":${JSON.stringify(key)}${data === undefined ? "" : `,"data":${data}`}}` as JsonText
}

interface RowSender {
  readonly key: string
  readonly data?: JsonText | undefined
  readonly from?: string | undefined
  readonly ref?: string | undefined
}

/** Whether it can be the first of its table. */
export function isFirstRow({ action, expected = 0 }: RowWrite): boolean {
  return action === "set" && expected === 0
}

/** What a retry must have in common with what it repeats: without caps and the time to live, which another node may have set otherwise. */
export function contentOfRow(write: RowWrite): number {
  const { action, key, expected = null } = write
  return crc32Text(JSON.stringify([action, key, expected, write.action === "delete" ? null : write.data]))
}
