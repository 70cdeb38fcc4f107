import { DELETED, type JsonText, type Publication } from "@magpie/protocol"
import { changedText, type RecordChanges, readChanges, writeChanges } from "./record-changes.ts"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

const HAS_FROM = 1
const HAS_REF = 2
const CHANGED = 4
/** At the offset of a change: it stands in the row of its target. */
const POINTER = 8
/** At the offset of a receipt. */
const RECEIPT = 16
const MARK_LENGTH = 7

/** A mark as clients see it. */
export function markText(mark: number): string {
  return mark.toString(36).padStart(MARK_LENGTH, "0")
}

/** The other way; NaN where it is none, which is no message's. */
export function markNumber(mark: string): number {
  return Number.parseInt(mark, 36)
}

/** A message as it is now. The data stays the JSON text that it was, so that reading parses nothing. */
export interface MessageRecord {
  readonly at: number
  readonly mark: number
  readonly name: string
  readonly from: string | undefined
  readonly ref: string | undefined
  readonly data: JsonText
  readonly changes?: RecordChanges | undefined
}

/** What stands at the offset of a change: of which message, or up to where its sender has read. */
export interface Pointer {
  readonly at: number
  readonly mark: number
  readonly from: string | undefined
  readonly ref: string | undefined
  readonly kind: "change" | "receipt"
  readonly offset: number
}

interface Head {
  readonly at: number
  readonly mark: number
  readonly from?: string | undefined
  readonly ref?: string | undefined
}

export function encodeMessageRow(writer: RowWriter, record: MessageRecord): Uint8Array {
  const { at, mark, name, from, ref, data, changes } = record
  begin(writer, { at, mark, from, ref }, changes === undefined ? 0 : CHANGED)
  writer.text(name)
  if (from !== undefined) writer.text(from)
  if (ref !== undefined) writer.text(ref)
  if (changes !== undefined) writeChanges(writer, changes)
  return writer.text(data).end()
}

export function encodePointerRow(writer: RowWriter, pointer: Pointer): Uint8Array {
  const { from, ref, kind, offset } = pointer
  begin(writer, pointer, kind === "receipt" ? RECEIPT : POINTER).number(offset)
  if (from !== undefined) writer.text(from)
  if (ref !== undefined) writer.text(ref)
  return writer.end()
}

function begin(writer: RowWriter, { at, mark, from, ref }: Head, kind: number): RowWriter {
  const flags = kind | (from === undefined ? 0 : HAS_FROM) | (ref === undefined ? 0 : HAS_REF)
  return writer.begin().number(at).u32(mark).number(flags)
}

/** What stands at an offset of a channel. */
export function decodeRow(bytes: Uint8Array): MessageRecord | Pointer {
  const reader = new RowReader(bytes)
  const [at, mark, flags] = [reader.number(), reader.u32(), reader.number()]
  const isPointer = (flags & (POINTER | RECEIPT)) !== 0
  const first = isPointer ? reader.number() : reader.text()
  const from = flags & HAS_FROM ? reader.text() : undefined
  const ref = flags & HAS_REF ? reader.text() : undefined
  const head = { at, mark, from, ref }
  if (typeof first === "number") return { ...head, kind: flags & RECEIPT ? "receipt" : "change", offset: first }
  const changes = flags & CHANGED ? readChanges(reader) : undefined
  // It was JSON text when it was stored, and the row's checksum says that it is the same text.
  return { ...head, name: first, changes, data: reader.text() as JsonText }
}

export function isPointer(row: MessageRecord | Pointer): row is Pointer {
  return "kind" in row
}

/** A message as it is delivered: of a deleted one only what it was called. */
export function publicationOf(record: MessageRecord, channel: string, offset: number): Publication {
  const { at, from, ref, changes } = record
  const mark = markText(record.mark)
  const { name, data } =
    changes?.deleted === undefined ? record : { name: DELETED, data: JSON.stringify({ name: record.name }) as JsonText }
  const changed = changes === undefined ? undefined : { changed: changedText(changes) }
  return { channel, offset, mark, at, from, ref, name, data, ...changed }
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
