import type { JsonText } from "@magpie/protocol"

/** What a subscription is about: which rows, and what of each. Equal texts stand for equal choices. */
export interface RowChoice {
  readonly text: string
  /** No row is left out. */
  readonly isAll: boolean
  /** All of them, where it is made of keys. */
  readonly keys: ReadonlySet<string> | undefined
  /** What is told of a row; undefined for everything. */
  readonly fields: FieldChoice | undefined
  /** Which of these rows, by their value. */
  readonly filter: RowFilter | undefined
  has(key: string): boolean
}

export interface FieldChoice {
  readonly text: string
  readonly names: ReadonlySet<string>
}

/** A filter of the contract with its argument. */
export interface RowFilter {
  readonly text: string
  keep(value: unknown, key: string): boolean
}

export interface WantedRows {
  readonly keys?: readonly string[] | undefined
  readonly prefix?: string | undefined
  readonly fields?: readonly string[] | undefined
  readonly filter?: RowFilter | undefined
}

/** Nothing for all rows as they are. */
export function rowChoice({ keys, prefix, fields, filter }: WantedRows = {}): RowChoice {
  const chosen = keys && new Set(keys)
  const names = fields && [...new Set(fields)].sort()
  return {
    text: JSON.stringify([keys, prefix, names, filter?.text]),
    isAll: keys === undefined && prefix === undefined && filter === undefined,
    keys: chosen,
    fields: names && { text: JSON.stringify(names), names: new Set(names) },
    filter,
    has: (key) => chosen?.has(key) ?? (prefix === undefined || key.startsWith(prefix)),
  }
}

/** Some fields of a value; the value itself where it has none. */
export function pickFields(data: JsonText, { names }: FieldChoice): JsonText {
  const value: unknown = JSON.parse(data)
  if (typeof value !== "object" || value === null || Array.isArray(value)) return data
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name)))) as JsonText
}
