import type { JsonText } from "@magpie/protocol"
import type { FieldVersion } from "../rows/table-row.ts"

export type Fields = Readonly<Record<string, unknown>>

/** A row's value at a version, and from which versions on which fields are enough to come to it. */
export interface WrittenValue {
  readonly data: JsonText
  readonly base: number
  readonly fields: readonly FieldVersion[]
  /** The value, where it is one that has fields. */
  readonly record: Fields | undefined
}

/** The value with some fields replaced; undefined where one of the two has no fields. A field is never taken away. */
export function merged(record: Fields | undefined, patch: JsonText): JsonText | undefined {
  const changes = fieldsOf(patch)
  return record === undefined || changes === undefined ? undefined : (JSON.stringify({ ...record, ...changes }) as JsonText)
}

/** Compares a row's new value with the one before, field by field. Where a field is gone, or all are new, the whole row is needed. */
export function written(before: Omit<WrittenValue, "data"> | undefined, data: JsonText, version: number): WrittenValue {
  const record = fieldsOf(data)
  const whole = { data, base: version, fields: [], record }
  const old = before?.record
  if (before === undefined || old === undefined || record === undefined) return whole
  for (const name of Object.keys(old)) if (!Object.hasOwn(record, name)) return whole
  const names = Object.keys(record)
  const changed = new Set(names.filter((name) => !Object.hasOwn(old, name) || !isSame(old[name], record[name])))
  if (changed.size === names.length) return whole
  const fields = before.fields.filter(([name]) => !changed.has(name))
  for (const name of changed) fields.push([name, version])
  return { data, base: before.base, fields, record }
}

/** Whether both are written as the same JSON. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b))
}

/** The fields of a value that were written after a version, for one who has it as it was then. */
export function fieldsSince(data: JsonText, fields: readonly FieldVersion[], version: number): JsonText {
  const record = fieldsOf(data) ?? {}
  const since = fields.filter(([, each]) => each > version).map(([name]) => [name, record[name]] as const)
  return JSON.stringify(Object.fromEntries(since)) as JsonText
}

export function fieldsOf(data: JsonText): Fields | undefined {
  const value: unknown = JSON.parse(data)
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
