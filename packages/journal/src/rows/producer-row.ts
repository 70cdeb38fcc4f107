import { type ErrorCode, isErrorCode } from "@magpie/protocol"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** What a sequence stands for: a stored message with the checksum of its content, or a refusal. `ref` is that of its sender's reference. */
export type SequenceRecord =
  | { readonly offset: number; readonly mark: number; readonly content: number; readonly ref: number }
  | RefusedRecord

export interface RefusedRecord {
  readonly refused: ErrorCode
  readonly ref: number
}

/** A run of sequences without a hole, and when the newest of them was applied. */
export interface SequenceBlock {
  readonly start: number
  readonly at: number
  readonly records: readonly SequenceRecord[]
}

/** What is known of a producer on a channel beside its full blocks of sequences. */
export interface ProducerRow {
  readonly last: number
  /** When `last` was applied. */
  readonly at: number
  /** The lowest sequence that is remembered; `last + 1` when none is. */
  readonly oldest: number
  /** Where the index of what is remembered holds this producer. */
  readonly since: number
  /** The newest records, which do not fill a block yet: those of `last - tail.length + 1` to `last`. */
  readonly tail: readonly SequenceRecord[]
}

export function encodeProducerRow(writer: RowWriter, row: ProducerRow): Uint8Array {
  writer.begin().number(row.last).number(row.at).number(row.oldest).number(row.since)
  return encodeRecords(writer, row.tail)
}

export function decodeProducerRow(bytes: Uint8Array): ProducerRow {
  const reader = new RowReader(bytes)
  const [last, at, oldest, since] = [reader.number(), reader.number(), reader.number(), reader.number()]
  return { last, at, oldest, since, tail: decodeRecords(reader) }
}

export function encodeSequenceBlock(writer: RowWriter, block: SequenceBlock): Uint8Array {
  writer.begin().number(block.start).number(block.at)
  return encodeRecords(writer, block.records)
}

export function decodeSequenceBlock(bytes: Uint8Array): SequenceBlock {
  const reader = new RowReader(bytes)
  const [start, at] = [reader.number(), reader.number()]
  return { start, at, records: decodeRecords(reader) }
}

// Offsets count from 1, so 0 is free to say that a code follows.
const REFUSED = 0

function encodeRecords(writer: RowWriter, records: readonly SequenceRecord[]): Uint8Array {
  for (const record of records) {
    if ("refused" in record) writer.number(REFUSED).text(record.refused)
    else writer.number(record.offset).u32(record.mark).u32(record.content)
    writer.u32(record.ref)
  }
  return writer.end()
}

function decodeRecords(reader: RowReader): SequenceRecord[] {
  const records: SequenceRecord[] = []
  while (!reader.done) {
    const offset = reader.number()
    if (offset !== REFUSED) records.push({ offset, mark: reader.u32(), content: reader.u32(), ref: reader.u32() })
    else records.push({ refused: refusalCode(reader.text()), ref: reader.u32() })
  }
  return records
}

/** A code of a newer version reads as one of ours. */
export function refusalCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : "INTERNAL"
}
