import { MagpieError } from "../errors.ts"
import { SUBPROTOCOL_JSON } from "../version.ts"
import type { Codec, Encoded } from "./codec.ts"

/** A replacer is called for every field, so only the messages that need it pay for it. */
const HOLDS_DICTIONARY: ReadonlySet<string> = new Set(["error", "ping", "pong", "welcome"])

/** A dictionary travels as an object. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MagpieError("BAD_REQUEST", "the message is not JSON", { details: { field: "" }, cause })
  }
}

/** Writes a value as JSON. Fails with BAD_REQUEST on a cycle, a bigint or what has no JSON form at all. */
export function writeJson(value: unknown, replacer?: typeof plain): string {
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value, replacer)
  } catch (thrown) {
    cause = thrown
  }
  if (text === undefined) throw new MagpieError("BAD_REQUEST", "data has no JSON form", { details: { field: "data" }, cause })
  return text
}

/** Messages as JSON text; several in one frame are divided by line feeds, which JSON text never holds. */
export const jsonCodec: Codec = {
  subprotocol: SUBPROTOCOL_JSON,
  encode: (message) => writeJson(message, HOLDS_DICTIONARY.has(message.type) ? plain : undefined),
  join: (parts) => parts.join("\n"),
  decode: (frame) => textOf(frame).split("\n").map(parseJson),
}

export function textOf(frame: Encoded): string {
  if (typeof frame === "string") return frame
  throw new MagpieError("BAD_REQUEST", "JSON travels in text frames, this one is binary", { details: { field: "" } })
}
