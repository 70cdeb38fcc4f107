import { type ErrorCode, isErrorCode, type JsonText, MagpieError } from "@magpie/protocol"
import { isLonger, isName, NAME_BYTES } from "../door.ts"
import type { Change, Entry, Origin, RowWrite } from "../entry.ts"
import { isMilliseconds } from "../milliseconds.ts"
import { isIntact, RowReader } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { decodeSettingsFields, encodeSettingsFields } from "../rows/system-rows.ts"
import { decodeStep, encodeStep, timesOfStep } from "./command-record.ts"

/** Layout of a record. A node leaves a newer one to a newer Magpie. */
const RECORD_VERSION = 1

/** Numbers of the kinds of entry on the wire; never given to another kind. */
const TYPES = [
  "publish",
  "refused",
  "clock",
  "epoch",
  "settings",
  "node",
  "claim",
  "release",
  "revoke",
  "checkpoint",
  "hash",
  "spend",
  "change",
  "row",
  "command",
  "compact",
] as const
const CHANGES = ["edit", "append", "delete", "react", "unreact", "read"] as const
const ROW_ACTIONS = ["set", "merge", "delete"] as const
const EPOCH_REASONS = ["created", "restored", "lost"] as const

export interface LogRecord {
  readonly origin: Origin
  readonly entry: Entry
}

/** A record as every broker carries it: a checksum, the version, who appended it, the entry's fields. */
export function encodeRecord({ origin, entry }: LogRecord): Uint8Array {
  const data = entry.type === "change" ? entry.change : entry.type === "row" ? entry.write : entry.type === "command" ? entry.step : entry
  const writer = new RowWriter(64 + ("data" in data ? (data.data?.length ?? 0) * 3 : 0))
  writer.begin().number(RECORD_VERSION).text(origin.node).number(origin.counter)
  writer.number(TYPES.indexOf(entry.type)).number(entry.at)
  encodeFields(writer, entry)
  return writer.end()
}

/**
 * Nothing where the bytes are no record, a damaged one, or one that no node could store. Fails with INVALID_OPTIONS where a
 * newer Magpie wrote it.
 */
export function decodeRecord(bytes: Uint8Array): LogRecord | undefined {
  if (bytes.length < 5 || !isIntact(bytes)) return undefined
  const reader = new RowReader(bytes)
  const version = reader.number()
  const origin = { node: reader.text(), counter: reader.number() }
  const type = TYPES[reader.number()]
  if (version > RECORD_VERSION || type === undefined) {
    throw new MagpieError("INVALID_OPTIONS", "the log holds records of a newer Magpie; start that one", { details: { version } })
  }
  const entry = decodeFields(reader, type, reader.number())
  return reader.isSound && isStorable(entry, origin) ? { origin, entry } : undefined
}

/** Whether every name can be a part of a row's key, and every time be counted from. */
function isStorable(entry: Entry, origin: Origin): boolean {
  const names = [origin.node, ...namesIn(entry)]
  const times = [entry.at, ...("leaseMs" in entry ? [entry.leaseMs] : []), ...("until" in entry ? [entry.until] : [])]
  if (entry.type === "settings") times.push(entry.deduplicationMs)
  if (entry.type === "revoke" && isLonger(entry.subject, NAME_BYTES)) return false
  if (entry.type === "command") times.push(...timesOfStep(entry.step))
  if (entry.type === "row" && "ttlMs" in entry.write) times.push(entry.write.ttlMs ?? 0)
  return names.every((name) => name === undefined || isName(name)) && times.every(isMilliseconds)
}

function namesIn(entry: Entry): readonly (string | undefined)[] {
  switch (entry.type) {
    case "publish":
      return [entry.channel, entry.pattern, entry.producer, entry.key]
    case "change":
      return [entry.channel, entry.pattern, entry.producer, entry.key, entry.change.action === "read" ? entry.from : undefined]
    case "row":
      return [entry.channel, entry.pattern, entry.producer, entry.key, entry.write.key]
    case "command":
      return [entry.channel, entry.pattern, "id" in entry.step ? entry.step.id : undefined]
    case "refused":
      return [entry.channel, entry.pattern, entry.producer]
    case "compact":
      return [entry.channel, entry.pattern]
    case "claim":
    case "release":
    case "spend":
      return [entry.name]
    default:
      return []
  }
}

/** Tells one record from another that a journal gives at the same position. */
export function recordMark(bytes: Uint8Array): number {
  return bytes.length < 4 ? 0 : new RowReader(bytes, 0).u32()
}

function encodeFields(writer: RowWriter, entry: Entry): void {
  switch (entry.type) {
    case "publish":
      writer.text(entry.channel).text(entry.pattern).text(entry.name).text(entry.data)
      writer.optional(entry.from).optional(entry.ref).optional(entry.producer)
      writer.number(entry.sequence ?? 0).optional(entry.key)
      return
    case "change":
      writer.text(entry.channel).text(entry.pattern)
      writer.optional(entry.from).optional(entry.ref).optional(entry.producer)
      writer.number(entry.sequence ?? 0).optional(entry.key)
      encodeChange(writer, entry.change)
      return
    case "row":
      writer.text(entry.channel).text(entry.pattern)
      writer.optional(entry.from).optional(entry.ref).optional(entry.producer)
      writer.number(entry.sequence ?? 0).optional(entry.key)
      encodeRowWrite(writer, entry.write)
      return
    case "command":
      writer.text(entry.channel).text(entry.pattern).optional(entry.from).optional(entry.ref)
      encodeStep(writer, entry.step)
      return
    case "compact":
      writer.text(entry.channel).text(entry.pattern).number(entry.upTo).u32(entry.mark).text(entry.name).text(entry.data)
      return
    case "refused":
      writer.text(entry.channel).text(entry.pattern).text(entry.producer).number(entry.sequence).text(entry.code).optional(entry.ref)
      return
    case "epoch":
      writer.text(entry.epoch).number(EPOCH_REASONS.indexOf(entry.reason)).optional(entry.after)
      return
    case "settings":
      writer.number(entry.revision ?? 0)
      encodeSettingsFields(writer, entry)
      return
    case "node":
      writer.text(entry.name).number(entry.supports)
      return
    case "claim":
      writer.text(entry.name).text(entry.owner).number(entry.leaseMs)
      return
    case "release":
      writer.text(entry.name).text(entry.owner)
      return
    case "revoke":
      writer.text(entry.subject).number(entry.issuedUntil).number(entry.until)
      return
    case "spend":
      writer.text(entry.name).number(entry.until)
      return
    case "hash":
      writer.number(entry.partition).number(entry.position).u32(entry.mark).text(entry.hash)
      return
    case "clock":
    case "checkpoint":
      return
  }
}

function decodeFields(reader: RowReader, type: (typeof TYPES)[number], at: number): Entry {
  switch (type) {
    case "publish": {
      const [channel, pattern, name] = [reader.text(), reader.text(), reader.text()]
      // It was JSON text when it was appended, and the record's checksum says that it is the same text.
      const data = reader.text() as JsonText
      const [from, ref, producer] = [reader.optional(), reader.optional(), reader.optional()]
      const sequence = reader.number() || undefined
      return { type, at, channel, pattern, name, data, from, ref, producer, sequence, key: reader.optional() }
    }
    case "change": {
      const [channel, pattern] = [reader.text(), reader.text()]
      const [from, ref, producer] = [reader.optional(), reader.optional(), reader.optional()]
      const sequence = reader.number() || undefined
      return { type, at, channel, pattern, from, ref, producer, sequence, key: reader.optional(), change: decodeChange(reader) }
    }
    case "row": {
      const [channel, pattern] = [reader.text(), reader.text()]
      const [from, ref, producer] = [reader.optional(), reader.optional(), reader.optional()]
      const sequence = reader.number() || undefined
      return { type, at, channel, pattern, from, ref, producer, sequence, key: reader.optional(), write: decodeRowWrite(reader) }
    }
    case "command": {
      const [channel, pattern, from, ref] = [reader.text(), reader.text(), reader.optional(), reader.optional()]
      return { type, at, channel, pattern, from, ref, step: decodeStep(reader) }
    }
    case "compact": {
      const [channel, pattern, upTo, mark] = [reader.text(), reader.text(), reader.number(), reader.u32()]
      return { type, at, channel, pattern, upTo, mark, name: reader.text(), data: reader.text() as JsonText }
    }
    case "refused": {
      const [channel, pattern, producer, sequence] = [reader.text(), reader.text(), reader.text(), reader.number()]
      return { type, at, channel, pattern, producer, sequence, code: refusalCode(reader.text()), ref: reader.optional() }
    }
    case "epoch":
      return { type, at, epoch: reader.text(), reason: EPOCH_REASONS[reader.number()] ?? "lost", after: reader.optional() }
    case "settings":
      return { type, at, revision: reader.number() || undefined, ...decodeSettingsFields(reader) }
    case "node":
      return { type, at, name: reader.text(), supports: reader.number() }
    case "claim":
      return { type, at, name: reader.text(), owner: reader.text(), leaseMs: reader.number() }
    case "release":
      return { type, at, name: reader.text(), owner: reader.text() }
    case "revoke":
      return { type, at, subject: reader.text(), issuedUntil: reader.number(), until: reader.number() }
    case "spend":
      return { type, at, name: reader.text(), until: reader.number() }
    case "hash":
      return { type, at, partition: reader.number(), position: reader.number(), mark: reader.u32(), hash: reader.text() }
    case "clock":
    case "checkpoint":
      return { type, at }
  }
}

/** A code of a newer version reads as one of ours. */
function refusalCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : "INTERNAL"
}

function encodeChange(writer: RowWriter, change: Change): void {
  writer.number(CHANGES.indexOf(change.action)).number(change.offset)
  if (change.action !== "read") writer.u32(change.mark)
  switch (change.action) {
    case "edit":
      writer.number(change.keep).text(change.data)
      return
    case "append":
      writer.number(change.maxBytes).text(change.field).text(change.data)
      return
    case "delete":
      writer.number(change.keep).number(change.erase ? 1 : 0)
      return
    case "react":
    case "unreact":
      writer.number(change.most).text(change.reaction)
      return
    case "read":
      writer.number(change.most)
      return
  }
}

/** Fails with INVALID_OPTIONS where a newer Magpie wrote it. */
function decodeChange(reader: RowReader): Change {
  const action = CHANGES[reader.number()]
  if (action === undefined) throw new MagpieError("INVALID_OPTIONS", "the log holds a change of a newer Magpie; start that one")
  const offset = reader.number()
  if (action === "read") return { action, offset, most: reader.number() }
  const target = { offset, mark: reader.u32() }
  switch (action) {
    case "edit":
      return { action, ...target, keep: reader.number(), data: reader.text() as JsonText }
    case "append":
      return { action, ...target, maxBytes: reader.number(), field: reader.text(), data: reader.text() as JsonText }
    case "delete":
      return { action, ...target, keep: reader.number(), erase: reader.number() === 1 }
    case "react":
    case "unreact":
      return { action, ...target, most: reader.number(), reaction: reader.text() }
  }
}

function encodeRowWrite(writer: RowWriter, write: RowWrite): void {
  writer.number(ROW_ACTIONS.indexOf(write.action)).text(write.key)
  // One higher, as 0 is a version that can be expected.
  writer.number(write.expected === undefined ? 0 : write.expected + 1)
  if (write.action === "delete") return
  writer
    .number(write.ttlMs ?? 0)
    .number(write.maxBytes)
    .number(write.action === "set" ? write.most : 0)
    .text(write.data)
}

/** Fails with INVALID_OPTIONS where a newer Magpie wrote it. */
function decodeRowWrite(reader: RowReader): RowWrite {
  const action = ROW_ACTIONS[reader.number()]
  if (action === undefined) throw new MagpieError("INVALID_OPTIONS", "the log holds a write of a newer Magpie; start that one")
  const [key, expected] = [reader.text(), reader.number()]
  const condition = { key, ...(expected === 0 ? undefined : { expected: expected - 1 }) }
  if (action === "delete") return { action, ...condition }
  const [ttlMs, maxBytes, most, data] = [reader.number() || undefined, reader.number(), reader.number(), reader.text() as JsonText]
  const value = { ...condition, data, maxBytes, ...(ttlMs === undefined ? undefined : { ttlMs }) }
  return action === "set" ? { action, ...value, most } : { action, ...value }
}
