import { type DownMessage, jsonCodec, type UpMessage } from "@magpie/protocol"
import { Encoder } from "@msgpack/msgpack"
import { concatenate } from "./unpack.ts"

/** Deeper values are written by a loop: the encoder calls itself for each level, and the stack ends. */
const RECURSION = 200
const encoder = new Encoder({ ignoreUndefined: true, maxDepth: RECURSION })

/** How deep a server lets a message nest, the message around the data counted. */
export const DEPTH = 64

/** Reads a message that had to be written as JSON first. */
export type ReadJson = (text: string) => unknown

/**
 * A message as MessagePack, with the meaning that it has as JSON: what JSON leaves out is left out, dates are texts, NaN is
 * null. Fails with BAD_REQUEST on what JSON cannot hold.
 */
export function packMessage(message: UpMessage | DownMessage, readJson: ReadJson): Uint8Array {
  return packPlain(isPlain(message, DEPTH) ? message : readJson(String(jsonCodec.encode(message))))
}

/** A value that came out of JSON. */
export function packPlain(value: unknown): Uint8Array {
  try {
    return encoder.encode(value)
  } catch {
    return packDeep(value)
  }
}

/** Whether JSON gives the value back as it is. Texts with half a surrogate pair are none that another side could read. */
function isPlain(value: unknown, levels: number): boolean {
  if (typeof value === "string") return value.isWellFormed()
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || value === null) return value === null || typeof value === "boolean"
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every((inner) => isPlain(inner, levels - 1)) && !Object.hasOwn(value, "toJSON")
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const [key, inner] of Object.entries(value)) {
    if (!key.isWellFormed() || (inner !== undefined && !isPlain(inner, levels - 1))) return false
  }
  return true
}

function packDeep(value: unknown): Uint8Array {
  const parts: Uint8Array[] = []
  const rest = [value]
  while (rest.length > 0) {
    const next = rest.pop()
    if (typeof next !== "object" || next === null) parts.push(encoder.encode(next))
    else if (Array.isArray(next)) {
      parts.push(listHead(next.length))
      rest.push(...next.toReversed())
    } else {
      const entries = Object.entries(next)
      parts.push(mapHead(entries.length))
      rest.push(...entries.flat().toReversed())
    }
  }
  return concatenate(parts)
}

/** What stands in front of the values of a list. */
export function listHead(length: number): Uint8Array {
  return head(length, 0x90, 0xdc)
}

function mapHead(length: number): Uint8Array {
  return head(length, 0x80, 0xde)
}

function head(length: number, short: number, long: number): Uint8Array {
  if (length < 16) return new Uint8Array([short + length])
  if (length < 0x1_0000) return new Uint8Array([long, length >> 8, length & 0xff])
  const bytes = new Uint8Array([long + 1, 0, 0, 0, 0])
  new DataView(bytes.buffer).setUint32(1, length)
  return bytes
}
