import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** Why messages last left a channel's history. */
export type TrimCause = "none" | "count" | "age"
const TRIM_CAUSES: readonly TrimCause[] = ["none", "count", "age"]

/**
 * What is known of a channel beside its messages. They stand between `first` and `newest`, one at each offset but those
 * that changes took: there stands a pointer to the message, or nothing where a later change of it took over.
 */
export interface ChannelRow {
  readonly id: number
  readonly pattern: string
  /** Offset of the oldest message kept; `newest + 1` when none is. */
  readonly first: number
  /** 0 before the first message. */
  readonly newest: number
  /** Mark of the newest message, also when it was trimmed. */
  readonly mark: number
  /** Where the age index holds the channel: not later than its oldest message. 0 when it does not hold it. */
  readonly agedAt: number
  readonly trimmedBy: TrimCause
  /** Offsets with a pointer. */
  readonly pointers: number
  /** Offsets with nothing. */
  readonly holes: number
  /** Users who said up to where they have read, and of whom that is known. */
  readonly receipts: number
  /** Of a table alone, whose rows stand elsewhere. A position before `first` may lack the end of a row. */
  readonly table?: TableCounts | undefined
}

export interface TableCounts {
  readonly rows: number
  /** Rows that left and of which that is still known. */
  readonly gone: number
  /** Rows that left, ever. */
  readonly deleted: number
}

export function encodeChannelRow(writer: RowWriter, row: ChannelRow): Uint8Array {
  writer.begin().number(row.id).text(row.pattern).number(row.first).number(row.newest).u32(row.mark)
  writer.number(row.agedAt).number(TRIM_CAUSES.indexOf(row.trimmedBy))
  // Absent in a channel in which nothing was ever changed, as an older Magpie writes it.
  if (row.pointers > 0 || row.table !== undefined) writer.number(row.pointers).number(row.holes).number(row.receipts)
  if (row.table !== undefined) writer.number(row.table.rows).number(row.table.gone).number(row.table.deleted)
  return writer.end()
}

export function decodeChannelRow(bytes: Uint8Array): ChannelRow {
  const reader = new RowReader(bytes)
  return {
    id: reader.number(),
    pattern: reader.text(),
    first: reader.number(),
    newest: reader.number(),
    mark: reader.u32(),
    agedAt: reader.number(),
    trimmedBy: TRIM_CAUSES[reader.number()] ?? "none",
    pointers: reader.done ? 0 : reader.number(),
    holes: reader.done ? 0 : reader.number(),
    receipts: reader.done ? 0 : reader.number(),
    table: reader.done ? undefined : { rows: reader.number(), gone: reader.number(), deleted: reader.number() },
  }
}
