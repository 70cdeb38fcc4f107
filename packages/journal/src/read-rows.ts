import { MagpieError, type Position } from "@magpie/protocol"
import type { PageLimits } from "./durable-log.ts"
import type { ChannelRow } from "./rows/channel-row.ts"
import { readSortable, rowIndexKey, rowIndexPrefix, rowIndexRange, rowKey } from "./rows/keys.ts"
import { messageMark } from "./rows/message-row.ts"
import { isIntact } from "./rows/row-reader.ts"
import { decodeRowIndex, decodeTableRow, type TableRow } from "./rows/table-row.ts"
import type { Storage } from "./storage/storage.ts"

/** A row of a table under its key. */
export interface KeyedRow extends TableRow {
  readonly key: string
}

/** Rows in the order of their last writes. With them one is level with `position`, and lacks nothing that is older. */
export interface RowsPage {
  readonly rows: readonly KeyedRow[]
  readonly position: Position
  readonly more: boolean
}

/** A row that is there; undefined where it is not. */
export function rowIn(storage: Storage, channel: ChannelRow, key: string): TableRow | undefined {
  const row = findRow(storage, channel, key)?.row
  return row?.data === undefined ? undefined : row
}

/**
 * `last` is the place of the last row that was read where the page is full; without it the page goes to the end. A few that are
 * wanted `only` are looked up, where that is less than to look at all rows.
 */
export function readRows(
  storage: Storage,
  channel: ChannelRow,
  offset: number,
  { maxCount, maxBytes }: PageLimits,
  only?: ReadonlySet<string>,
): { readonly rows: readonly KeyedRow[]; readonly last: { readonly offset: number; readonly mark: string } | undefined } {
  const rows: KeyedRow[] = []
  let last = offset
  let bytes = 0
  const looksUp = only !== undefined && only.size <= Math.min(maxCount, channel.newest - offset)
  for (const found of looksUp ? wantedBehind(storage, channel, offset, only) : allBehind(storage, channel, offset)) {
    bytes += found.bytes
    if (rows.length >= maxCount || (rows.length > 0 && bytes > maxBytes)) return { rows, last: placeAt(storage, channel, last) }
    rows.push(found.row)
    last = found.offset
  }
  return { rows, last: undefined }
}

interface Found {
  readonly row: KeyedRow
  readonly offset: number
  readonly bytes: number
}

/** In the order of their last writes. */
function* allBehind(storage: Storage, channel: ChannelRow, offset: number): Iterable<Found> {
  const prefix = rowIndexPrefix(channel.id).length
  for (const { key: indexKey, value } of storage.range(rowIndexRange(channel.id, offset + 1, channel.newest))) {
    if (!isIntact(value)) throw corrupt(`the place ${indexKey}`)
    const { key } = decodeRowIndex(value)
    const found = findRow(storage, channel, key)
    if (found === undefined) throw corrupt(`the row "${key}"`)
    yield { ...found, offset: readSortable(indexKey, prefix).value }
  }
}

/** The same of a few. */
function wantedBehind(storage: Storage, channel: ChannelRow, offset: number, only: ReadonlySet<string>): readonly Found[] {
  const found: Found[] = []
  for (const key of only) {
    const row = findRow(storage, channel, key)
    if (row !== undefined && row.offset > offset) found.push(row)
  }
  return found.sort((a, b) => a.offset - b.offset)
}

function findRow(storage: Storage, channel: ChannelRow, key: string): Found | undefined {
  const stored = storage.get(rowKey(channel.id, key))
  if (stored === undefined) return undefined
  const row = { key, ...intact(stored, key) }
  return { row, offset: row.version, bytes: stored.length + key.length }
}

function placeAt(storage: Storage, channel: ChannelRow, offset: number): { readonly offset: number; readonly mark: string } {
  const mark = rowMarkAt(storage, channel, offset)
  if (mark === undefined || mark === "damaged") throw corrupt(`the place of offset ${offset}`)
  return { offset, mark }
}

/** The mark of the write at an offset; undefined where a later one of the same row took its place. */
export function rowMarkAt(storage: Storage, channel: ChannelRow, offset: number): string | "damaged" | undefined {
  const value = storage.get(rowIndexKey(channel.id, offset))
  if (value === undefined) return undefined
  return isIntact(value) ? messageMark(value) : "damaged"
}

function intact(value: Uint8Array, key: string): TableRow {
  if (!isIntact(value)) throw corrupt(`the row "${key}"`)
  return decodeTableRow(value)
}

function corrupt(what: string): MagpieError {
  return new MagpieError("UNRECOVERABLE", `${what} of the table is damaged`, { details: { reason: "corrupt" } })
}
