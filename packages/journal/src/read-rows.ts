import { MagpieError, type Position } from "@magpie/protocol"
import type { PageLimits } from "./durable-log.ts"
import type { ChannelRow } from "./rows/channel-row.ts"
import { readSortable, rowIndexKey, rowIndexPrefix, rowIndexRange, rowKey } from "./rows/keys.ts"
import { markText, messageMark } from "./rows/message-row.ts"
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
  const value = storage.get(rowKey(channel.id, key))
  if (value === undefined) return undefined
  const row = intact(value, key)
  return row.data === undefined ? undefined : row
}

/** `last` is the place of the last row that was read where the page is full; without it the page goes to the end. */
export function readRows(
  storage: Storage,
  channel: ChannelRow,
  offset: number,
  { maxCount, maxBytes }: PageLimits,
): { readonly rows: readonly KeyedRow[]; readonly last: { readonly offset: number; readonly mark: string } | undefined } {
  const rows: KeyedRow[] = []
  let last: { readonly offset: number; readonly mark: string } | undefined
  let bytes = 0
  const prefix = rowIndexPrefix(channel.id).length
  for (const { key: indexKey, value } of storage.range(rowIndexRange(channel.id, offset + 1, channel.newest))) {
    if (rows.length >= maxCount) return { rows, last }
    if (!isIntact(value)) throw corrupt(`the place ${indexKey}`)
    const { mark, key } = decodeRowIndex(value)
    const stored = storage.get(rowKey(channel.id, key))
    if (stored === undefined) throw corrupt(`the row "${key}"`)
    bytes += stored.length + key.length
    if (rows.length > 0 && bytes > maxBytes) return { rows, last }
    rows.push({ key, ...intact(stored, key) })
    last = { offset: readSortable(indexKey, prefix).value, mark: markText(mark) }
  }
  return { rows, last: undefined }
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
