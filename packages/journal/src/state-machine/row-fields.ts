import type { JsonText } from "@magpie/protocol"
import type { FieldVersion } from "../rows/table-row.ts"

type Fields = Readonly<Record<string, unknown>>

/** A row's value at a version, and from which versions on which fields are enough to come to it. */
interface Written {
  readonly data: JsonText
  readonly base: number
  readonly fields: readonly FieldVersion[]
}

interface Before {
  readonly data: JsonText
  readonly base: number
  readonly fields: readonly FieldVersion[]
}

/** The value with some fields replaced; undefined where one of the two has no fields. A field is never taken away. */
export function merged(data: JsonText, patch: JsonText): JsonText | undefined {
  const [record, changes] = [fieldsOf(data), fieldsOf(patch)]
  return record === undefined || changes === undefined ? undefined : (JSON.stringify({ ...record, ...changes }) as JsonText)
}

/** Compares a row's new value with the one before, field by field. Where a field is gone, or all are new, the whole row is needed. */
export function written(before: Before | undefined, data: JsonText, version: number): Written {
  const whole = { data, base: version, fields: [] }
  if (before === undefined) return whole
  const [old, now] = [fieldsOf(before.data), fieldsOf(data)]
  if (old === undefined || now === undefined || !Object.keys(old).every((name) => Object.hasOwn(now, name))) return whole
  const names = Object.keys(now)
  const changed = new Set(names.filter((name) => !Object.hasOwn(old, name) || JSON.stringify(old[name]) !== JSON.stringify(now[name])))
  if (changed.size === names.length) return whole
  const kept = before.fields.filter(([name]) => !changed.has(name))
  const fields = [...kept, ...Array.from(changed, (name): FieldVersion => [name, version])]
  return { data, base: before.base, fields }
}

/** The fields of a value that were written after a version, for one who has it as it was then. */
export function fieldsSince(data: JsonText, fields: readonly FieldVersion[], version: number): JsonText {
  const record = fieldsOf(data) ?? {}
  const since = fields.filter(([, each]) => each > version).map(([name]) => [name, record[name]] as const)
  return JSON.stringify(Object.fromEntries(since)) as JsonText
}

function fieldsOf(data: JsonText): Fields | undefined {
  const value: unknown = JSON.parse(data)
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
