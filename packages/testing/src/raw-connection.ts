import type { Link, Transport } from "@magpie/client"
import { type Encoded, jsonCodec } from "@magpie/protocol"
import type { MemoryNetwork, TransportOptions } from "./memory-network.ts"

/** What the server said, as JSON gave it. */
export interface Reply {
  readonly type: string
  readonly [field: string]: unknown
}

export interface RawConnectionOptions extends TransportOptions {
  readonly host?: string
  /** Another way than a WebSocket of this network. */
  readonly transport?: Transport
}

/** One link in the hands of a test: says whatever the test likes, and keeps what it hears. For plain and hostile clients. */
export interface RawConnection {
  /** Everything that was heard, oldest first. */
  readonly replies: readonly Reply[]
  /** The same frame by frame, as it came. */
  readonly frames: readonly Encoded[]
  /** How the link ended; undefined while it is up. */
  readonly closedWith: { readonly code: number; readonly reason: string } | undefined
  /** All messages in one frame; before the link is open, they leave as soon as it is. */
  send(...messages: readonly object[]): void
  /** A frame as it stands, also a wrong one. */
  sendFrame(frame: Encoded): void
  /** What was heard of one type, oldest first. */
  of(type: string): readonly Reply[]
  /** The reply to the request of that id; undefined where there is none yet. */
  reply(id: number): Reply | undefined
  close(code?: number, reason?: string): void
}

export const TEST_HOST = "magpie.test"

/** Opens a link that speaks for itself: no hello, no heartbeat, no second try. */
export function rawConnection(
  network: MemoryNetwork,
  { host = TEST_HOST, transport, ...options }: RawConnectionOptions = {},
): RawConnection {
  const replies: Reply[] = []
  const frames: Encoded[] = []
  const early: Encoded[] = []
  let state: "opening" | "open" | "closed" = "opening"
  let closedWith: RawConnection["closedWith"]

  const link: Link = (transport ?? network.transport(options)).open(`ws://${host}/magpie`, [], {
    onOpen() {
      state = "open"
      for (const frame of early.splice(0)) link.send(frame)
    },
    onMessage(frame) {
      frames.push(frame)
      for (const value of jsonCodec.decode(frame)) replies.push(value as Reply)
    },
    onClose(code, reason) {
      state = "closed"
      closedWith = { code, reason }
    },
  })

  function sendFrame(frame: Encoded): void {
    if (state === "opening") early.push(frame)
    else if (state === "open") link.send(frame)
  }

  return {
    replies,
    frames,
    get closedWith() {
      return closedWith
    },
    send: (...messages) => sendFrame(messages.map((message) => JSON.stringify(message)).join("\n")),
    sendFrame,
    of: (type) => replies.filter((reply) => reply.type === type),
    reply: (id) => replies.find((reply) => reply.id === id),
    close: (code = 1000, reason = "") => link.close(code, reason),
  }
}
