import { MagpieError } from "../errors.ts"
import { SUBPROTOCOL_JSON } from "../version.ts"
import type { Codec, Encoded } from "./codec.ts"

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

/** Messages as JSON text; several in one frame are divided by line feeds, which JSON text never holds. */
export const jsonCodec: Codec = {
  subprotocol: SUBPROTOCOL_JSON,
  encode: (message) => JSON.stringify(message, plain),
  join: (parts) => parts.join("\n"),
  decode: (frame) => textOf(frame).split("\n").map(parseJson),
}

export function textOf(frame: Encoded): string {
  if (typeof frame === "string") return frame
  throw new MagpieError("BAD_REQUEST", "JSON travels in text frames, this one is binary", { details: { field: "" } })
}
