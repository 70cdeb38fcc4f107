import { type Encoded, MagpieError, type UpMessage, type Welcome } from "@magpie/protocol"
import type { Context } from "../context.ts"
import { createPace } from "./pace.ts"

/** Gathers what is sent in one turn into as few frames as the server's limit on a frame allows, and keeps to its rate. */
export interface FrameWriter {
  /**
   * Returns after how many milliseconds it leaves: at the end of the turn, or when those before it have left at the server's
   * rate. A ping goes first, then what is no publish, so that somebody who publishes all the rate does not wait for what he asks
   * for: a gap is filled as soon as it is noticed [G5]. Fails with TOO_LARGE on a message beyond the limit, BAD_REQUEST on what
   * the codec cannot write, RATE_LIMITED on a publish that nobody repeats and that would wait too long.
   */
  write(message: UpMessage): number
  /** Sends at once what may leave now, and forgets the rest. */
  end(): void
}

/** Sends messages in one frame. */
export type SendFrame = (messages: readonly Encoded[]) => void

interface Part {
  readonly encoded: Encoded
  readonly bytes: number
}

/** A server also bounds the keys in a frame; so many messages stay far below its default of 10,000. */
const MAX_FRAME_MESSAGES = 128
/** What has to wait for its turn leaves so often, a few messages together. */
const PACE_MS = 50
/**
 * A broadcast is of the moment: one that would wait longer is refused, so that those who send too much do not pile up. What has a
 * number, or a name of Magpie's own as the steps of commands do, has somebody who waits for it, also on a welcome [G9].
 */
const MAX_UNNUMBERED_DELAY_MS = 1_000

export function createFrameWriter({ clock, schedule, codec }: Context, welcome: Welcome, send: SendFrame): FrameWriter {
  const { messageBytes: maxFrameBytes, messagesPerSecond } = welcome
  const pace = createPace(clock, messagesPerSecond)
  const wait = schedule.createWait()
  let waiting: Part[] = []
  /** How many of them, at the front, are no publishes. */
  let requests = 0
  let state: "idle" | "deferred" | "paced" | "ended" = "idle"

  /** Everything that may leave now, in frames. */
  function flush(): void {
    let frame: Encoded[] = []
    // A line feed stands before each but the first.
    let bytes = -1
    let left = 0
    for (const part of waiting) {
      if (pace.delayMs(0) > 0) break
      pace.take()
      left++
      if (frame.length === MAX_FRAME_MESSAGES || bytes + 1 + part.bytes > maxFrameBytes) {
        send(frame)
        frame = []
        bytes = -1
      }
      bytes += 1 + part.bytes
      frame.push(part.encoded)
    }
    waiting = waiting.slice(left)
    requests = Math.max(0, requests - left)
    if (left > 0) send(frame)
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
        throw new MagpieError("TOO_LARGE", `${bytes} bytes, the server takes ${maxFrameBytes}`, {
          details: { limit: "messageBytes", value: maxFrameBytes },
        })
      }
      if (message.type === "ping") {
        pace.take()
        send([encoded])
        return 0
      }
      const ahead = message.type === "publish" ? waiting.length : requests++
      const delayMs = pace.delayMs(ahead)
      if (message.type === "publish" && delayMs > MAX_UNNUMBERED_DELAY_MS && !message.sequence && message.name[0] !== "$") {
        throw new MagpieError("RATE_LIMITED", "sent too fast", { retryAfterMs: Math.ceil(delayMs) })
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

const utf8 = new TextEncoder()

/** Bytes on the wire: of text, those of its UTF-8. */
export function byteLength(encoded: Encoded): number {
  return (typeof encoded === "string" ? utf8.encode(encoded) : encoded).length
}
