import { type DownMessage, type Encoded, type Hello, toMagpieError, type UpMessage, type Welcome } from "@magpie/protocol"
import type { Context } from "../context.ts"
import { errorOfReply } from "../request/request-table.ts"
import type { Link } from "../transport/transport.ts"
import { byteLength, createFrameWriter, type FrameWriter } from "./frame-writer.ts"
import { createHeartbeat, type Heartbeat } from "./heartbeat.ts"
import { endByClose, endByRefusal, type LinkEnd, NO_PONG, NORMAL, VERSION } from "./link-end.ts"
import { readDown } from "./read-down.ts"

/** One link from its opening to its end. Once ended, whatever the transport still says is dropped: a late event has no owner. */
export interface LiveLink {
  /** After how many milliseconds it leaves; undefined before the welcome. Fails with TOO_LARGE, BAD_REQUEST and RATE_LIMITED. */
  send(message: UpMessage): number | undefined
  probe(): void
  /** Ends the link without `onEnd`; `gone` is called when the transport has let go of it. */
  end(code: number, reason: string, gone?: () => void): void
}

export interface LiveLinkEvents {
  onWelcome(welcome: Welcome): void
  onDown(message: DownMessage): void
  /** Once, unless the owner ended the link itself. */
  onEnd(end: LinkEnd): void
  /** Makes and sends the ping through `send`, and returns its id. */
  ping(): number
}

type LinkState =
  | { readonly state: "greeting" }
  | { readonly state: "welcomed"; readonly writer: FrameWriter; readonly heartbeat: Heartbeat }
  | { readonly state: "ended"; readonly gone: (() => void) | undefined }

export function openLiveLink(context: Context, hello: Hello, events: LiveLinkEvents): LiveLink {
  const { settings, codec, counters, known } = context
  let current: LinkState = { state: "greeting" }
  let goAwayHintMs: number | undefined

  function leave(gone?: () => void): void {
    if (current.state === "welcomed") {
      current.heartbeat.stop()
      current.writer.end()
    }
    current = { state: "ended", gone }
  }

  function end(code: number, reason: string, gone?: () => void): void {
    if (isEnded()) return gone?.()
    leave(gone)
    link.close(code, reason)
  }

  /** Ends the link from this side. */
  function giveUp(code: number, reason: string, why: LinkEnd = endByClose(code, reason)): void {
    end(code, reason)
    events.onEnd(why)
  }

  function welcomed(welcome: Welcome): void {
    const heartbeat = createHeartbeat(context, welcome.heartbeatMs, events.ping, () => giveUp(NO_PONG, "no sign of life"))
    current = { state: "welcomed", writer: createFrameWriter(context, welcome, sendFrame), heartbeat }
    events.onWelcome(welcome)
  }

  function sendFrame(messages: readonly Encoded[]): void {
    if (isEnded()) return
    counters.messagesOut += messages.length
    const frame = codec.join(messages)
    counters.bytesOut += byteLength(frame)
    link.send(frame)
  }

  /** A question, because a narrowed `current` does not show what a callback did to it. */
  function isEnded(): boolean {
    return current.state === "ended"
  }

  /** What cannot be read, or is not what its type says, is reported, and the rest goes on. */
  function attempt<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (thrown) {
      context.onError(toMagpieError(thrown))
      return undefined
    }
  }

  function receive(message: ReturnType<typeof readDown>): void {
    // A listener of the message before it may have ended the link.
    if (!message || isEnded()) return
    if (message === "critical") return giveUp(VERSION, message)
    counters.messagesIn++
    if (current.state === "welcomed") {
      if (message.type === "go-away") goAwayHintMs = message.retryAfterMs
      if (message.type === "pong") counters.roundTripMs = current.heartbeat.pong(message.id) ?? counters.roundTripMs
      events.onDown(message)
    } else if (message.type === "welcome") {
      welcomed(message)
    } else if (message.type === "error") {
      giveUp(NORMAL, "", endByRefusal(errorOfReply(message)))
    }
  }

  const link: Link = settings.transport.open(settings.url, [codec.subprotocol], {
    onOpen() {
      sendFrame([codec.encode(hello)])
    },
    onMessage(frame) {
      if (isEnded()) return
      counters.bytesIn += byteLength(frame)
      if (current.state === "welcomed") current.heartbeat.alive()
      for (const value of attempt(() => codec.decode(frame)) ?? []) attempt(() => receive(readDown(value, known)))
    },
    onClose(code, reason, cause) {
      if (current.state === "ended") return current.gone?.()
      leave()
      events.onEnd(cause ? { next: "stop", cause } : endByClose(code, reason, goAwayHintMs))
    },
  })

  return {
    send(message) {
      return current.state === "welcomed" ? current.writer.write(message) : undefined
    },
    probe() {
      if (current.state === "welcomed") current.heartbeat.probe()
    },
    end,
  }
}
