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
  /** Of a channel with commands alone. */
  readonly commands?: CommandCounts | undefined
}

export interface CommandCounts {
  /** Commands that have not ended. */
  readonly open: number
  /** Offset at which whoever serves the channel began to; 0 before the first. */
  readonly fence: number
  /** Offset at which he came last; 0 where he is not there, as far as that was said. */
  readonly servedSince: number
  /** Commands that have ended, ever; and the how-manieth of them was forgotten last. */
  readonly ended: number
  readonly forgotten: number
}

/** Before the first step. */
export const NO_COMMANDS: CommandCounts = { open: 0, fence: 0, servedSince: 0, ended: 0, forgotten: 0 }

export interface TableCounts {
  readonly rows: number
  /** Rows that left and of which that is still known. */
  readonly gone: number
  /** Rows that left, ever. */
  readonly deleted: number
}

const NO_ROWS: TableCounts = { rows: 0, gone: 0, deleted: 0 }

export function encodeChannelRow(writer: RowWriter, row: ChannelRow): Uint8Array {
  writer.begin().number(row.id).text(row.pattern).number(row.first).number(row.newest).u32(row.mark)
  writer.number(row.agedAt).number(TRIM_CAUSES.indexOf(row.trimmedBy))
  // Absent in a channel in which nothing was ever changed, as an older Magpie writes it.
  if (row.pointers > 0 || row.table !== undefined || row.commands !== undefined) {
    writer.number(row.pointers).number(row.holes).number(row.receipts)
  }
  const { rows, gone, deleted } = row.table ?? NO_ROWS
  if (row.table !== undefined || row.commands !== undefined) writer.number(rows).number(gone).number(deleted)
  if (row.commands !== undefined) {
    const { open, fence, servedSince, ended, forgotten } = row.commands
    writer.number(open).number(fence).number(servedSince).number(ended).number(forgotten)
  }
  return writer.end()
}

export function decodeChannelRow(bytes: Uint8Array): ChannelRow {
  const reader = new RowReader(bytes)
  const head = {
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
  }
  const table = reader.done ? undefined : { rows: reader.number(), gone: reader.number(), deleted: reader.number() }
  if (reader.done) return { ...head, table }
  // Without a table zeros stand in its place.
  const served = { open: reader.number(), fence: reader.number(), servedSince: reader.number() }
  return { ...head, table: undefined, commands: { ...served, ended: reader.number(), forgotten: reader.number() } }
}
