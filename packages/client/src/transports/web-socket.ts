import { webSocketTransport } from "../transport/default-transport.ts"
import type { Transport } from "../transport/transport.ts"
import type { NamedTransport } from "./named-transport.ts"

/** WebSocket, as `connect` takes it by itself, or another way to open one. */
export function webSocket(transport: Transport = webSocketTransport()): NamedTransport {
  return { name: "websocket", open: (url, protocols, events) => transport.open(url, protocols, events) }
}
