import { DEFAULT_PATH, SUBPROTOCOL_JSON } from "@magpie/protocol"
import { WebSocket } from "ws"
import { tokenFor } from "../token.ts"

/** A message of the server's, as JSON gave it. */
export interface Said {
  readonly type: string
  readonly id?: number
  readonly offset?: number
  readonly at?: number
  readonly data?: unknown
}

/** A link that was welcomed, with nothing of a client around it: it costs less than what it measures. */
export interface BareLink {
  send(message: object): void
  end(): void
}

export interface BareLinkOptions {
  readonly port: number
  /** Which user, and which of the loopback addresses. */
  readonly number: number
  /** Everything after the welcome. */
  onSaid(said: Said): void
  /** The link has ended, and nobody asked for it. */
  onLost(why: string): void
}

/** The default limit of connections from one address is a thousand. */
const EACH_ADDRESS = 900

export function openBareLink({ port, number, onSaid, onLost }: BareLinkOptions): Promise<BareLink> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${DEFAULT_PATH}`, [SUBPROTOCOL_JSON], {
    perMessageDeflate: false,
    localAddress: `127.0.0.${1 + Math.floor(number / EACH_ADDRESS)}`,
  })
  const link: BareLink = { send: (message) => socket.send(JSON.stringify(message)), end: () => socket.terminate() }
  return new Promise((resolve) => {
    let hear = ({ type }: Said): void => {
      if (type !== "welcome") return
      hear = onSaid
      resolve(link)
    }
    socket.on("open", () => link.send({ type: "hello", version: 1, token: tokenFor(`bare-${number}`) }))
    socket.on("message", (frame) => {
      for (const line of frame.toString().split("\n")) hear(JSON.parse(line) as Said)
    })
    socket.on("close", (code) => onLost(`closed with ${code}`))
    socket.on("error", ({ message }) => onLost(message))
  })
}
