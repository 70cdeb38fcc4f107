import type { JsonText } from "@magpie/protocol"

/** The data with an addition to one of its fields: text to text, list to list. Undefined where these do not go together. */
export function appended(data: JsonText, field: string, addition: JsonText): JsonText | undefined {
  const value: unknown = JSON.parse(data)
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) return undefined
  const record = value as Record<string, unknown>
  const grown = joined(record[field], JSON.parse(addition))
  if (grown === undefined) return undefined
  record[field] = grown
  return JSON.stringify(record) as JsonText
}

function joined(before: unknown, added: unknown): unknown {
  if (typeof before === "string" && typeof added === "string") return before + added
  if (Array.isArray(before) && Array.isArray(added)) return [...before, ...added]
  return undefined
}
