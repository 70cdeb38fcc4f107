import type { DurableLog, RowWrite, TableRow } from "@magpie/journal"
import {
  type ErrorCode,
  type JsonText,
  type Limits,
  MagpieError,
  type RowAction,
  type TableKind,
  toJsonText,
  validateValue,
} from "@magpie/protocol"

export interface RowWriting {
  readonly log: Pick<DurableLog, "row">
  readonly limits: Pick<Limits, "rowsPerTable" | "rowBytes">
}

/** What somebody wants to do to a row. */
export interface WantedWrite {
  readonly action: RowAction
  /** As its schema made it. */
  readonly key: string
  readonly data?: unknown
  readonly expected?: number | undefined
}

/**
 * Checks a write against the contract, a merge as what it makes of the row as it is now. Fails with BAD_REQUEST naming the field,
 * or CONFLICT where there is no row to merge with.
 */
export function rowWriteOf(kind: TableKind, channel: string, wanted: WantedWrite, { log, limits }: RowWriting): RowWrite {
  const { action, key } = wanted
  const condition = { key, ...(wanted.expected === undefined ? undefined : { expected: wanted.expected }) }
  if (action === "delete") return { action, ...condition }
  if (wanted.data === undefined) throw badRequest(`a ${action} needs data`)
  const caps = { maxBytes: limits.rowBytes, ttlMs: kind.expiresAfterMs }
  if (action === "set") {
    return { action, ...condition, ...caps, data: toJsonText(validateValue(kind, wanted.data)), most: limits.rowsPerTable }
  }
  return { action, ...condition, ...caps, data: fieldsToMerge(kind, log.row(channel, key)?.data, wanted.data) }
}

/** The fields as the schema makes them of the whole row. */
function fieldsToMerge(kind: TableKind, before: JsonText | undefined, fields: unknown): JsonText {
  if (!isRecord(fields)) throw badRequest("a merge needs an object of fields")
  if (before === undefined) throw refusedWrite("CONFLICT", undefined)
  const row: unknown = JSON.parse(before)
  if (!isRecord(row)) throw badRequest("the row has no fields")
  const whole = validateValue(kind, { ...row, ...fields })
  if (!isRecord(whole)) throw badRequest("its schema makes no object of the row")
  const names = Object.keys(fields).filter((name) => Object.hasOwn(whole, name))
  return toJsonText(Object.fromEntries(names.map((name) => [name, whole[name]])))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function badRequest(why: string): MagpieError {
  return new MagpieError("BAD_REQUEST", why, { details: { field: "data" } })
}

/** What the log says of a write. A conflict carries the row as it is now, `null` where there is none. */
export function refusedWrite(code: ErrorCode, row: TableRow | undefined): MagpieError {
  if (code !== "CONFLICT") return new MagpieError(code, WHY[code] ?? "this was refused before")
  const there = row?.data === undefined ? null : { version: row.version, at: row.at, data: JSON.parse(row.data) as unknown }
  return new MagpieError("CONFLICT", there === null ? "the row is not there" : "the row is of another version", { details: { row: there } })
}

const WHY: Partial<Record<ErrorCode, string>> = {
  TOO_LARGE: "the row would be too long",
  LIMIT_EXCEEDED: "the table has no room for more rows",
  BAD_REQUEST: "the row has no fields, or the channel was a stream before",
}
