import {
  CLOSE_CODES,
  type Clock,
  type Codec,
  type DownMessage,
  type Encoded,
  type Hello,
  MagpieError,
  toMagpieError,
  type UpMessage,
  type Welcome,
} from "@magpie/protocol"
import { errorOfReply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import type { Counters } from "../statistics.ts"
import type { Link, Transport } from "../transport/transport.ts"
import { byteLength, createFrameWriter, type FrameWriter } from "./frame-writer.ts"
import { createHeartbeat, type Heartbeat } from "./heartbeat.ts"
import { endByClose, endByRefusal, type LinkEnd } from "./link-end.ts"
import { readDown } from "./read-down.ts"

/** One link from its opening to its end. Once ended, whatever the transport still says is dropped: a late event has no owner. */
export interface LiveLink {
  /** Whether the welcome has come and the message was taken. Fails with TOO_LARGE and BAD_REQUEST. */
  send(message: UpMessage): boolean
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
  readonly transport: Transport
  readonly codec: Codec
  readonly url: string
  readonly hello: Hello
  readonly heartbeatMs: number | undefined
  readonly pongTimeoutMs: number
  readonly counters: Counters
  readonly events: LiveLinkEvents
}

type LinkState =
  | { readonly state: "opening" }
  | { readonly state: "greeting" }
  | { readonly state: "welcomed"; readonly writer: FrameWriter; readonly heartbeat: Heartbeat }
  | { readonly state: "ended"; readonly gone: (() => void) | undefined }

export function openLiveLink(options: LiveLinkOptions): LiveLink {
  const { clock, schedule, codec, counters, events } = options
  let current: LinkState = { state: "opening" }
  let goAwayHintMs: number | undefined

  function finish(end: LinkEnd, close?: { readonly code: number; readonly reason: string }): void {
    leave(undefined, close)
    events.onEnd(end)
  }

  function leave(gone: (() => void) | undefined, close?: { readonly code: number; readonly reason: string }): void {
    if (current.state === "welcomed") {
      current.heartbeat.stop()
      current.writer.flush()
    }
    current = { state: "ended", gone }
    if (close) link.close(close.code, close.reason)
  }

  function welcomed(welcome: Welcome): void {
    const heartbeatMs = options.heartbeatMs ?? welcome.heartbeatMs
    const heartbeat = createHeartbeat({ clock, schedule, heartbeatMs, pongTimeoutMs: options.pongTimeoutMs, ping: events.ping, onDead })
    const writer = createFrameWriter({ clock, codec, maxFrameBytes: welcome.messageBytes, send: sendFrame })
    current = { state: "welcomed", writer, heartbeat }
    events.onWelcome(welcome)
  }

  function sendFrame(frame: Encoded, bytes: number, messages: number): void {
    if (current.state === "ended") return
    counters.messagesOut += messages
    counters.bytesOut += bytes
    link.send(frame)
  }

  function onDead(): void {
    const cause = new MagpieError("UNAVAILABLE", "the server gave no sign of life", { details: { closeCode: CLOSE_CODES.NO_PONG } })
    finish({ next: "retry", cause, retryAfterMs: undefined }, { code: CLOSE_CODES.NO_PONG, reason: "no pong" })
  }

  function onFrame(frame: Encoded): void {
    if (current.state === "ended") return
    counters.bytesIn += byteLength(frame)
    if (current.state === "welcomed") current.heartbeat.alive()
    for (const message of readFrame(codec, frame, events.onError)) {
      // A listener may have ended the link meanwhile.
      if (isEnded()) return
      counters.messagesIn++
      receive(message)
    }
  }

  /** A question, because a narrowed `current` does not show what a callback did to it. */
  function isEnded(): boolean {
    return current.state === "ended"
  }

  function receive(message: DownMessage): void {
    if (current.state === "welcomed") {
      if (message.type === "go-away") goAwayHintMs = message.retryAfterMs
      if (message.type === "pong") counters.roundTripMs = current.heartbeat.pong(message.id) ?? counters.roundTripMs
      events.onDown(message)
    } else if (message.type === "welcome") {
      welcomed(message)
    } else if (message.type === "error") {
      finish(endByRefusal(errorOfReply(message)), { code: CLOSE_CODES.NORMAL, reason: "" })
    }
  }

  const link: Link = options.transport.open(options.url, [codec.subprotocol], {
    onOpen() {
      if (current.state !== "opening") return
      current = { state: "greeting" }
      const hello = codec.encode(options.hello)
      sendFrame(hello, byteLength(hello), 1)
    },
    onMessage: onFrame,
    onClose(code, reason, cause) {
      if (current.state === "ended") {
        const { gone } = current
        current = { state: "ended", gone: undefined }
        gone?.()
      } else {
        finish(cause === undefined ? endByClose(code, reason, goAwayHintMs) : { next: "stop", cause })
      }
    },
  })

  return {
    send(message) {
      if (current.state !== "welcomed") return false
      current.writer.write(message)
      return true
    },
    probe() {
      if (current.state === "welcomed") current.heartbeat.probe()
    },
    end(code, reason, gone) {
      if (current.state === "ended") gone?.()
      else leave(gone, { code, reason })
    },
  }
}

/** The messages of a frame that can be read; what cannot is reported and the rest goes on. */
function readFrame(codec: Codec, frame: Encoded, onError: (error: MagpieError) => void): DownMessage[] {
  let values: readonly unknown[]
  try {
    values = codec.decode(frame)
  } catch (thrown) {
    onError(toMagpieError(thrown))
    return []
  }
  const messages: DownMessage[] = []
  for (const value of values) {
    try {
      const message = readDown(value)
      if (message !== undefined) messages.push(message)
    } catch (thrown) {
      onError(toMagpieError(thrown))
    }
  }
  return messages
}
