import type { Encoded } from "@magpie/protocol"
import type { Transport } from "./transport.ts"

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

/** Links over WebSocket. A link cannot be opened where the constructor throws. */
export function createWebSocketTransport(construct: OpenWebSocket): Transport {
  return {
    open(url, protocols, { onOpen, onMessage, onClose }) {
      const socket = construct(url, [...protocols])
      socket.binaryType = "arraybuffer"
      socket.onopen = onOpen
      socket.onmessage = ({ data }) => onMessage(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer))
      // The close that follows every error says all that there is to know.
      socket.onerror = () => {}
      socket.onclose = ({ code, reason }) => onClose(code, reason)
      return {
        get bufferedBytes() {
          return socket.bufferedAmount
        },
        send: (frame) => socket.send(frame),
        close: (code, reason) => socket.close(code, reason),
      }
    },
  }
}
