import { type Codec, type Encoded, jsonCodec } from "@magpie/protocol"
import { badField } from "../bad-field.ts"

/** How deep a server lets JSON nest, the message around the data counted. */
const MAX_DEPTH = 64

/** JSON as a server takes it. Fails with BAD_REQUEST, so that what would be refused for ever never leaves, and uses no number. */
export const wireCodec: Codec = {
  ...jsonCodec,
  encode(message) {
    const encoded = jsonCodec.encode(message)
    if (message.type === "publish") check(encoded)
    return encoded
  },
}

function check(encoded: Encoded): void {
  const text = String(encoded)
  // A half is written as an escape; a backslash in front of a "ud" is written twice.
  if (text.includes("\\ud") && text.replaceAll("\\\\", "").includes("\\ud")) throw badField("data", "holds half of a surrogate pair")
  if (text.length > 2 * MAX_DEPTH && isTooDeep(JSON.parse(text), MAX_DEPTH)) throw badField("data", `nests deeper than ${MAX_DEPTH} levels`)
}

function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1))
}
