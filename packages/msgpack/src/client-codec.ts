import { type Codec, type Encoded, MagpieError } from "@magpie/protocol"
import { malformed } from "./malformed.ts"
import { DEPTH, packMessage } from "./pack.ts"
import { SUBPROTOCOL_MSGPACK } from "./subprotocol.ts"
import { concatenate, unpackTrusted } from "./unpack.ts"

/**
 * MessagePack in place of JSON, for the option `codec` of `connect`. Data means what it means as JSON. By WebSocket only; a
 * server without it closes with 4505, after which the client stops.
 */
export function msgpack(): Codec {
  return {
    subprotocol: SUBPROTOCOL_MSGPACK,
    encode: (message) => packMessage(message, (text) => requireReadable(JSON.parse(text), DEPTH)),
    join: (parts) => concatenate(parts.map(bytesOf)),
    decode: (frame) => unpackTrusted(bytesOf(frame)),
  }
}

export function bytesOf(frame: Encoded): Uint8Array {
  if (typeof frame !== "string") return frame
  throw malformed("MessagePack travels in binary frames, this one is text")
}

/** What a server would refuse for ever never leaves. */
function requireReadable(value: unknown, levels: number): unknown {
  if (typeof value === "string" && !value.isWellFormed()) throw badData("holds half of a surrogate pair")
  if (typeof value !== "object" || value === null) return value
  if (levels === 0) throw badData(`nests deeper than ${DEPTH} levels`)
  for (const [key, inner] of Object.entries(value)) {
    if (!key.isWellFormed()) throw badData("holds half of a surrogate pair")
    requireReadable(inner, levels - 1)
  }
  return value
}

function badData(problem: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `data ${problem}`, { details: { field: "data" } })
}
