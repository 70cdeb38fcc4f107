import type { Encoded } from "@magpie/protocol"

/** Room in front of the bytes, in which a transport writes its own header without copying: 10 bytes fit any WebSocket header. */
export const HEADROOM_BYTES = 10

/**
 * What is sent to one or many connections at once: one or several messages, encoded once. `wire` is where a transport keeps
 * its own form of it, so that this too is made once for all its connections.
 */
export interface Batch {
  readonly text: boolean
  /** Headroom, then the encoded messages. */
  readonly buffer: Uint8Array
  /** Bytes without the headroom. */
  readonly bytes: number
  /** How many messages it holds. */
  readonly messages: number
  wire: Uint8Array | undefined
  /** The same for event streams. */
  event: Uint8Array | undefined
}

const utf8 = new TextEncoder()

export function createBatch(payload: Encoded, messages: number): Batch {
  const text = typeof payload === "string"
  const buffer = text ? encodeText(payload) : withHeadroom(payload)
  return { text, buffer, bytes: buffer.length - HEADROOM_BYTES, messages, wire: undefined, event: undefined }
}

/** The encoded messages without the headroom. */
export function payloadOf(batch: Batch): Uint8Array {
  return batch.buffer.subarray(HEADROOM_BYTES)
}

/** Bytes on the wire: of text, those of its UTF-8. */
export function encodedBytes(encoded: Encoded): number {
  if (typeof encoded !== "string") return encoded.length
  let bytes = encoded.length
  for (let index = 0; index < encoded.length; index++) {
    const unit = encoded.charCodeAt(index)
    if (unit < 0x80) continue
    // Each half of a surrogate pair stands for two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}

function encodeText(payload: string): Uint8Array {
  // ASCII takes one byte a unit, so the first guess is exact for most messages; the second is always enough.
  for (const size of [payload.length, payload.length * 3]) {
    const buffer = new Uint8Array(HEADROOM_BYTES + size)
    const { read, written } = utf8.encodeInto(payload, buffer.subarray(HEADROOM_BYTES))
    if (read === payload.length) return buffer.subarray(0, HEADROOM_BYTES + written)
  }
  throw new RangeError("three bytes a unit hold any text")
}

function withHeadroom(payload: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(HEADROOM_BYTES + payload.length)
  buffer.set(payload, HEADROOM_BYTES)
  return buffer
}
