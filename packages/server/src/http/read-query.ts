import { MagpieError } from "@magpie/protocol"
import { type Fields, isOptional, refuseField } from "./description.ts"

const WHOLE = /^\d{1,15}$/
/** More than any route has. */
const MAX_PARAMETERS = 32

/** The parameters of a query, each once, those that are numbers as numbers. Fails with BAD_REQUEST naming the parameter. */
export function readQuery(query: string, fields: Fields): Readonly<Record<string, unknown>> {
  const given = new Map<string, string>()
  for (const part of query === "" ? [] : query.split("&", MAX_PARAMETERS)) {
    const at = part.indexOf("=")
    const name = decode(at < 0 ? part : part.slice(0, at))
    if (!Object.hasOwn(fields, name)) refuseField(name, `left out; known are ${Object.keys(fields).join(", ") || "none"}`)
    if (given.has(name)) refuseField(name, "given once")
    given.set(name, decode(at < 0 ? "" : part.slice(at + 1)))
  }
  const checked: Record<string, unknown> = {}
  for (const [name, description] of Object.entries(fields)) {
    const text = given.get(name)
    if (text === undefined && isOptional(description)) continue
    const isNumber = description.schema.type === "integer" && text !== undefined && WHOLE.test(text)
    checked[name] = description.check(isNumber ? Number(text) : text, name)
  }
  return checked
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    throw new MagpieError("BAD_REQUEST", "the query is not percent-encoded UTF-8", { details: { field: "query" } })
  }
}
