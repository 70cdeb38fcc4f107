import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** Why messages last left a channel's history. */
export type TrimCause = "none" | "count" | "age"
const TRIM_CAUSES: readonly TrimCause[] = ["none", "count", "age"]

/** What is known of a channel beside its messages. Its messages are those from `first` to `newest`, without a hole. */
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
}

export function encodeChannelRow(writer: RowWriter, row: ChannelRow): Uint8Array {
  writer.begin().number(row.id).text(row.pattern).number(row.first).number(row.newest).u32(row.mark)
  return writer.number(row.agedAt).number(TRIM_CAUSES.indexOf(row.trimmedBy)).end()
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
  }
}
