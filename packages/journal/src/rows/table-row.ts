import type { JsonText } from "@magpie/protocol"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

const HAS_FROM = 1
const GONE = 2
const EXPIRES = 4

/** A row of a table as it is now, or that it is gone. The data stays the JSON text that it was. */
export interface TableRow {
  /** Offset of the write that made it what it is. */
  readonly version: number
  /** How often it was written, its end included, as far back as anything is known of it: from the write at `born` on. */
  readonly count: number
  readonly born: number
  /** When it was written, in the log's time. */
  readonly at: number
  readonly from: string | undefined
  /** Undefined where the row is gone. */
  readonly data: JsonText | undefined
  /** Whoever has it as it was at this version or later needs only the fields that were written since. */
  readonly base: number
  /** The fields that were written since `base`, each with the version of its last write. */
  readonly fields: readonly FieldVersion[]
  /** When it leaves, in the log's time; undefined where it does not. */
  readonly expiresAt?: number | undefined
  /** Of one that is gone: the how-manieth of the table that left. */
  readonly ordinal?: number | undefined
}

export type FieldVersion = readonly [name: string, version: number]

export function encodeTableRow(writer: RowWriter, row: TableRow): Uint8Array {
  const { version, count, born, at, from, data, base, fields, expiresAt, ordinal = 0 } = row
  const flags = (from === undefined ? 0 : HAS_FROM) | (data === undefined ? GONE : 0) | (expiresAt === undefined ? 0 : EXPIRES)
  writer.begin().number(version).number(count).number(born).number(at).number(flags)
  if (from !== undefined) writer.text(from)
  if (data === undefined) return writer.number(ordinal).end()
  if (expiresAt !== undefined) writer.number(expiresAt)
  writer.text(data).number(base)
  for (const [name, written] of fields) writer.text(name).number(written)
  return writer.end()
}

export function decodeTableRow(bytes: Uint8Array): TableRow {
  const reader = new RowReader(bytes)
  const [version, count, born] = [reader.number(), reader.number(), reader.number()]
  const [at, flags] = [reader.number(), reader.number()]
  const from = flags & HAS_FROM ? reader.text() : undefined
  const head = { version, count, born, at, from }
  if (flags & GONE) return { ...head, data: undefined, base: version, fields: [], ordinal: reader.number() }
  const expiresAt = flags & EXPIRES ? reader.number() : undefined
  // It was JSON text when it was stored, and the row's checksum says that it is the same text.
  const data = reader.text() as JsonText
  const base = reader.number()
  const fields: FieldVersion[] = []
  while (!reader.done) fields.push([reader.text(), reader.number()])
  return { ...head, data, base, fields, expiresAt }
}

/** What stands at the offset of a row's last write. */
export interface RowIndex {
  readonly mark: number
  readonly key: string
}

/** As a message's row it begins with time and mark. */
export function encodeRowIndex(writer: RowWriter, at: number, { mark, key }: RowIndex): Uint8Array {
  return writer.begin().number(at).u32(mark).text(key).end()
}

export function decodeRowIndex(bytes: Uint8Array): RowIndex {
  const reader = new RowReader(bytes)
  reader.number()
  return { mark: reader.u32(), key: reader.text() }
}
