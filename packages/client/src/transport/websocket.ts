import { type Encoded, isMagpieError } from "@magpie/protocol"
import type { Link, LinkEvents, Transport } from "./transport.ts"

/** What is used of a WebSocket; the browser's, Node's and that of `ws` all have it. */
export interface WebSocketLike {
  readonly bufferedAmount: number
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  send(data: Encoded): void
  close(code: number, reason: string): void
}

export type OpenWebSocket = (url: string, protocols: string[]) => WebSocketLike

type SocketState = { readonly state: "loading" } | { readonly state: "made"; readonly socket: WebSocketLike } | { readonly state: "closed" }

const ABNORMAL = 1006

/** Links over WebSocket. `load` gives the constructor; where it fails with a MagpieError, no attempt can succeed. */
export function createWebSocketTransport(load: () => OpenWebSocket | Promise<OpenWebSocket>): Transport {
  return { open: (url, protocols, events) => openLink(load, url, [...protocols], events) }
}

function openLink(load: () => OpenWebSocket | Promise<OpenWebSocket>, url: string, protocols: string[], events: LinkEvents): Link {
  let current: SocketState = { state: "loading" }

  function closed(code: number, reason: string, thrown?: unknown): void {
    if (current.state === "closed") return
    current = { state: "closed" }
    events.onClose(code, reason, isMagpieError(thrown) ? thrown : undefined)
  }

  async function begin(): Promise<void> {
    const open = await load()
    if (current.state !== "loading") return
    const socket = open(url, protocols)
    socket.binaryType = "arraybuffer"
    current = { state: "made", socket }
    socket.onopen = () => events.onOpen()
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") events.onMessage(data)
      else if (data instanceof ArrayBuffer) events.onMessage(new Uint8Array(data))
    }
    // The close that follows every error says all that there is to know.
    socket.onerror = () => {}
    socket.onclose = ({ code, reason }) => closed(code, reason)
  }

  begin().catch((thrown: unknown) => closed(ABNORMAL, "", thrown))

  return {
    get bufferedBytes() {
      return current.state === "made" ? current.socket.bufferedAmount : 0
    },
    send(frame) {
      if (current.state === "made") current.socket.send(frame)
    },
    close(code, reason) {
      if (current.state === "made") current.socket.close(code, reason)
      if (current.state !== "loading") return
      // Settled now, so that the constructor that is still on its way is not used.
      current = { state: "closed" }
      Promise.resolve().then(() => events.onClose(code, reason))
    },
  }
}
