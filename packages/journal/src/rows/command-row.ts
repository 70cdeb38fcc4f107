import { COMMAND_STATES, type CommandState, type JsonText } from "@magpie/protocol"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

const HAS_FROM = 1
const HAS_RESULT = 2
const CANCEL = 4
const HAS_RUNNER = 8

/** A command as it is now. What it was given and what it gave stay the JSON text that they were. */
export interface CommandRow {
  readonly name: string
  /** Who called it; undefined for the server itself and for anonymous ones. */
  readonly from: string | undefined
  /** Offset of its call, and when that was. */
  readonly calledOffset: number
  readonly calledAt: number
  readonly state: CommandState
  /** Offset of the last step, its mark, and when it was. */
  readonly version: number
  readonly mark: number
  readonly at: number
  readonly deadline: number
  readonly reportMs: number
  /** When time has something to do with it: it expires, its outcome is given up, or it is forgotten. */
  readonly dueAt: number
  /** Somebody asked that it end. */
  readonly isCancelled: boolean
  /** Who has begun it: a device's fence, or a server's name; undefined before that. */
  readonly runner: string | undefined
  /** Reports of progress so far. */
  readonly reports: number
  /** The how-manieth of its channel that ended; 0 before that. */
  readonly ordinal: number
  /** What a repeated call must have in common with the first. */
  readonly content: number
  /** `null` once it has ended. */
  readonly input: JsonText
  /** The last progress; of one that has ended its output or its error. */
  readonly result: JsonText | undefined
}

export function encodeCommandRow(writer: RowWriter, row: CommandRow): Uint8Array {
  const { from, result, runner, isCancelled } = row
  const flags =
    (from === undefined ? 0 : HAS_FROM) |
    (result === undefined ? 0 : HAS_RESULT) |
    (isCancelled ? CANCEL : 0) |
    (runner === undefined ? 0 : HAS_RUNNER)
  writer.begin().text(row.name).number(flags).number(row.calledOffset).number(row.calledAt)
  writer.number(COMMAND_STATES.indexOf(row.state)).number(row.version).u32(row.mark).number(row.at)
  writer
    .number(row.deadline)
    .number(row.reportMs)
    .number(row.dueAt)
    .number(row.reports)
    .number(row.ordinal)
    .u32(row.content)
    .text(row.input)
  if (from !== undefined) writer.text(from)
  if (runner !== undefined) writer.text(runner)
  if (result !== undefined) writer.text(result)
  return writer.end()
}

export function decodeCommandRow(bytes: Uint8Array): CommandRow {
  const reader = new RowReader(bytes)
  const [name, flags] = [reader.text(), reader.number()]
  // One literal, read in the order of its fields: rows are read so often that copying them into another object shows.
  return {
    name,
    calledOffset: reader.number(),
    calledAt: reader.number(),
    state: COMMAND_STATES[reader.number()] ?? "indeterminate",
    version: reader.number(),
    mark: reader.u32(),
    at: reader.number(),
    deadline: reader.number(),
    reportMs: reader.number(),
    dueAt: reader.number(),
    reports: reader.number(),
    ordinal: reader.number(),
    content: reader.u32(),
    // It was JSON text when it was stored, and the row's checksum says that it is the same text.
    input: reader.text() as JsonText,
    isCancelled: (flags & CANCEL) !== 0,
    from: flags & HAS_FROM ? reader.text() : undefined,
    runner: flags & HAS_RUNNER ? reader.text() : undefined,
    result: flags & HAS_RESULT ? (reader.text() as JsonText) : undefined,
  }
}
