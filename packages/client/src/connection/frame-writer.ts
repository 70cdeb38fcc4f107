import { type Clock, type Codec, type Encoded, MagpieError, type UpMessage } from "@magpie/protocol"
import type { Schedule } from "../schedule.ts"
import { createPace } from "./pace.ts"

/** Gathers what is sent in one turn into as few frames as the server's limit on a frame allows, and keeps to its rate. */
export interface FrameWriter {
  /**
   * Returns after how many milliseconds it leaves: at the end of the turn, or when those before it have left at the server's
   * rate. A ping goes first, then what is no publish, so that somebody who publishes all the rate does not wait for what he asks
   * for: a gap is filled as soon as it is noticed [G5]. Fails with TOO_LARGE on a message beyond the limit, BAD_REQUEST on what the codec cannot write,
   * RATE_LIMITED on a publish that nobody repeats and that would wait too long.
   */
  write(message: UpMessage): number
  /** Sends at once what may leave now, and forgets the rest. */
  end(): void
}

export interface FrameWriterOptions {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly codec: Codec
  readonly maxFrameBytes: number
  readonly messagesPerSecond: number | undefined
  send(frame: Encoded, bytes: number, messages: number): void
}

interface Part {
  readonly encoded: Encoded
  readonly bytes: number
}

/** A server also bounds the keys in a frame; so many messages stay far below its default of 10,000. */
const MAX_FRAME_MESSAGES = 128
/** What has to wait for its turn leaves so often, a few messages together. */
const PACE_MS = 50
/** A publish without a number is of the moment: one that would wait longer is refused, so that those who send too much do not pile up. */
const MAX_UNNUMBERED_DELAY_MS = 1_000

export function createFrameWriter(options: FrameWriterOptions): FrameWriter {
  const { clock, schedule, codec, maxFrameBytes, messagesPerSecond } = options
  const pace = createPace(clock, messagesPerSecond)
  const wait = schedule.createWait()
  let waiting: Part[] = []
  /** How many of them, at the front, are no publishes. */
  let requests = 0
  let state: "idle" | "deferred" | "paced" | "ended" = "idle"

  function sendFrame(parts: readonly Part[], bytes: number): void {
    options.send(codec.join(parts.map(({ encoded }) => encoded)), bytes, parts.length)
  }

  /** Everything that may leave now, in frames. */
  function flush(): void {
    let frame: Part[] = []
    let bytes = 0
    let left = 0
    for (const part of waiting) {
      if (pace.delayMs(0) > 0) break
      pace.take()
      left++
      // One byte for the line feed between two.
      if (frame.length >= MAX_FRAME_MESSAGES || (frame.length > 0 && bytes + 1 + part.bytes > maxFrameBytes)) {
        sendFrame(frame, bytes)
        frame = []
        bytes = 0
      }
      bytes += part.bytes + (frame.length === 0 ? 0 : 1)
      frame.push(part)
    }
    waiting = waiting.slice(left)
    requests = Math.max(0, requests - left)
    if (frame.length > 0) sendFrame(frame, bytes)
  }

  function turn(): void {
    if (state === "ended") return
    flush()
    state = waiting.length > 0 ? "paced" : "idle"
    if (state === "paced") wait.after(Math.max(PACE_MS, pace.delayMs(0)), turn)
  }

  return {
    write(message) {
      const encoded = codec.encode(message)
      const bytes = byteLength(encoded)
      if (bytes > maxFrameBytes) {
        throw new MagpieError("TOO_LARGE", `the message has ${bytes} bytes, the server takes ${maxFrameBytes}`, {
          details: { limit: "messageBytes", value: maxFrameBytes },
        })
      }
      if (message.type === "ping") {
        pace.take()
        sendFrame([{ encoded, bytes }], bytes)
        return 0
      }
      const ahead = message.type === "publish" ? waiting.length : requests++
      const delayMs = pace.delayMs(ahead)
      if (message.type === "publish" && message.sequence === undefined && delayMs > MAX_UNNUMBERED_DELAY_MS) {
        throw new MagpieError("RATE_LIMITED", "more is sent than the server takes", { retryAfterMs: Math.ceil(delayMs) })
      }
      waiting.splice(ahead, 0, { encoded, bytes })
      if (state === "idle") {
        state = "deferred"
        clock.defer(turn)
      }
      return delayMs
    },
    end() {
      flush()
      state = "ended"
      waiting = []
      wait.cancel()
    },
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
