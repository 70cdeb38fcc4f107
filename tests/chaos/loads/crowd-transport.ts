import { connect, type Socket } from "node:net"
import type { Link, LinkEvents, Transport } from "@magpie/client"
import { WebSocket } from "ws"

/** WebSocket as the client has it in Node, from an address of one's own, and with a cut that the network would make. */
export interface CrowdTransport extends Transport {
  /** Resets the link, where there is one. */
  cut(): void
  /** Reads nothing from the link, until `read`. */
  stall(): void
  read(): void
}

export interface CrowdTransportOptions {
  readonly localAddress: string
  onAttempt(): void
}

const OPTIONS = { perMessageDeflate: false, closeTimeout: 2_000 }

export function createCrowdTransport({ localAddress, onAttempt }: CrowdTransportOptions): CrowdTransport {
  let current: Socket | undefined
  return {
    open(url, protocols, events) {
      onAttempt()
      const { hostname, port } = new URL(url)
      const link = connect({ host: hostname, port: Number(port), localAddress, noDelay: true })
      current = link
      return openLink(new WebSocket(url, [...protocols], { ...OPTIONS, createConnection: () => link }), events)
    },
    cut: () => void current?.resetAndDestroy(),
    stall: () => void current?.pause(),
    read: () => void current?.resume(),
  }
}

function openLink(socket: WebSocket, events: LinkEvents): Link {
  socket.on("open", () => events.onOpen())
  socket.on("message", (data) => events.onMessage(data.toString()))
  socket.on("close", (code, reason) => events.onClose(code, reason.toString()))
  // The close that follows says all that there is to know.
  socket.on("error", () => {})
  return {
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    send: (frame) => socket.send(frame),
    close: (code, reason) => socket.close(code, reason),
  }
}
