import {
  type Clock,
  type Codec,
  type DownMessage,
  type Encoded,
  type Hello,
  type MagpieError,
  toMagpieError,
  type UpMessage,
  type Welcome,
} from "@magpie/protocol"
import { errorOfReply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import type { Settings } from "../settings.ts"
import type { Counters } from "../statistics.ts"
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
  onError(error: MagpieError): void
  /** Makes and sends the ping through `send`, and returns its id. */
  ping(): number
}

export interface LiveLinkOptions {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly settings: Settings
  readonly codec: Codec
  readonly hello: Hello
  readonly counters: Counters
  readonly events: LiveLinkEvents
}

type LinkState =
  | { readonly state: "greeting" }
  | { readonly state: "welcomed"; readonly writer: FrameWriter; readonly heartbeat: Heartbeat }
  | { readonly state: "ended"; readonly gone: (() => void) | undefined }

export function openLiveLink({ clock, schedule, settings, codec, hello, counters, events }: LiveLinkOptions): LiveLink {
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
    const heartbeat = createHeartbeat({
      clock,
      schedule,
      heartbeatMs: settings.heartbeatMs || welcome.heartbeatMs,
      pongTimeoutMs: settings.pongTimeoutMs,
      ping: events.ping,
      onDead: () => giveUp(NO_PONG, "no sign of life"),
    })
    const { messageBytes: maxFrameBytes, messagesPerSecond } = welcome
    const writer = createFrameWriter({ clock, schedule, codec, maxFrameBytes, messagesPerSecond, send: sendFrame })
    current = { state: "welcomed", writer, heartbeat }
    events.onWelcome(welcome)
  }

  function sendFrame(frame: Encoded, bytes: number, messages: number): void {
    if (isEnded()) return
    counters.messagesOut += messages
    counters.bytesOut += bytes
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
      events.onError(toMagpieError(thrown))
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
      const frame = codec.encode(hello)
      sendFrame(frame, byteLength(frame), 1)
    },
    onMessage(frame) {
      if (isEnded()) return
      counters.bytesIn += byteLength(frame)
      if (current.state === "welcomed") current.heartbeat.alive()
      for (const value of attempt(() => codec.decode(frame)) ?? []) attempt(() => receive(readDown(value)))
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
