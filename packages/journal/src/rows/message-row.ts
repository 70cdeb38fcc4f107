import type { JsonText, Publication } from "@magpie/protocol"
import type { PublishEntry } from "../entry.ts"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

const HAS_FROM = 1
const HAS_REF = 2
const MARK_LENGTH = 7

/** A mark as clients see it. */
export function markText(mark: number): string {
  return mark.toString(36).padStart(MARK_LENGTH, "0")
}

/** The data stays the JSON text that it was, so that reading parses nothing. */
export function encodeMessageRow(writer: RowWriter, entry: PublishEntry, at: number, mark: number): Uint8Array {
  const flags = (entry.from === undefined ? 0 : HAS_FROM) | (entry.ref === undefined ? 0 : HAS_REF)
  writer.begin().number(at).u32(mark).number(flags).text(entry.name)
  if (entry.from !== undefined) writer.text(entry.from)
  if (entry.ref !== undefined) writer.text(entry.ref)
  return writer.text(entry.data).end()
}

export function decodeMessageRow(bytes: Uint8Array, channel: string, offset: number): Publication {
  const reader = new RowReader(bytes)
  const at = reader.number()
  const mark = markText(reader.u32())
  const flags = reader.number()
  const name = reader.text()
  const from = flags & HAS_FROM ? reader.text() : undefined
  const ref = flags & HAS_REF ? reader.text() : undefined
  // It was JSON text when it was stored, and the row's checksum says that it is the same text.
  return { channel, offset, mark, at, from, ref, name, data: reader.text() as JsonText }
}

/** The time of a message, without reading the rest. */
export function messageTime(bytes: Uint8Array): number {
  return new RowReader(bytes).number()
}

export function messageMark(bytes: Uint8Array): string {
  const reader = new RowReader(bytes)
  reader.number()
  return markText(reader.u32())
}
