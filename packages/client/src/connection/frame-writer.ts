import { type Clock, type Codec, type Encoded, MagpieError, type UpMessage } from "@magpie/protocol"

/** Gathers what is sent in one turn into as few frames as the server's limit on a frame allows. */
export interface FrameWriter {
  /** Fails with TOO_LARGE on a message beyond the limit, BAD_REQUEST on what the codec cannot write. */
  write(message: UpMessage): void
  /** Sends what waits now instead of at the end of the turn. */
  flush(): void
}

export interface FrameWriterOptions {
  readonly clock: Clock
  readonly codec: Codec
  readonly maxFrameBytes: number
  send(frame: Encoded, bytes: number, messages: number): void
}

/** A server also bounds the keys in a frame; so many messages stay far below its default of 10,000. */
const MAX_FRAME_MESSAGES = 128

export function createFrameWriter({ clock, codec, maxFrameBytes, send }: FrameWriterOptions): FrameWriter {
  let parts: Encoded[] = []
  let bytes = 0

  function flush(): void {
    if (parts.length === 0) return
    const [first = "", ...others] = parts
    const frame = others.length === 0 ? first : codec.join(parts)
    const [size, count] = [bytes, parts.length]
    parts = []
    bytes = 0
    send(frame, size, count)
  }

  return {
    write(message) {
      const encoded = codec.encode(message)
      const size = byteLength(encoded)
      if (size > maxFrameBytes) {
        throw new MagpieError("TOO_LARGE", `the message has ${size} bytes, the server takes ${maxFrameBytes}`, {
          details: { limit: "messageBytes", value: maxFrameBytes },
        })
      }
      // One byte for the line feed between two.
      if (parts.length >= MAX_FRAME_MESSAGES || (parts.length > 0 && bytes + 1 + size > maxFrameBytes)) flush()
      if (parts.length === 0) clock.defer(flush)
      bytes += size + (parts.length === 0 ? 0 : 1)
      parts.push(encoded)
    },
    flush,
  }
}

/** Bytes on the wire: of text, those of its UTF-8. */
export function byteLength(encoded: Encoded): number {
  if (typeof encoded !== "string") return encoded.byteLength
  let bytes = encoded.length
  for (let index = 0; index < encoded.length; index++) {
    const unit = encoded.charCodeAt(index)
    if (unit < 0x80) continue
    // Each half of a surrogate pair stands for two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}
