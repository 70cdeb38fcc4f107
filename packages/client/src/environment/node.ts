import { MagpieError } from "@magpie/protocol"
import { createLateTransport } from "../transport/late-transport.ts"
import type { Transport } from "../transport/transport.ts"
import { createWebSocketTransport, type WebSocketLike } from "../transport/websocket.ts"
import type { ClientEnvironment } from "./environment.ts"
import { noLog, systemClock, systemRandom, watchForSleep } from "./system.ts"

/** Node has a WebSocket of its own from version 22 on; before, the package `ws` is asked for. */
async function loadTransport(): Promise<Transport> {
  if (typeof globalThis.WebSocket === "function") {
    return createWebSocketTransport((url, protocols) => new globalThis.WebSocket(url, protocols) as WebSocketLike)
  }
  try {
    const { WebSocket } = await import("ws")
    // The other side may be gone without a word: its answer to our close is not waited for long.
    const options = { perMessageDeflate: false, closeTimeout: 2_000 }
    return createWebSocketTransport((url, protocols) => new WebSocket(url, protocols, options) as WebSocketLike)
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", 'transport: this Node has no WebSocket; run "npm install ws", or use Node 22', {
      details: { field: "transport" },
      cause,
    })
  }
}

export const environment: ClientEnvironment = {
  clock: systemClock,
  random: systemRandom,
  log: noLog,
  transport: createLateTransport(loadTransport),
  signals: {
    // Node does not say when the network comes or goes.
    onNetwork: () => () => {},
    // Watching alone must not keep a process alive.
    onWake: (listener) => watchForSleep(listener, (timer) => timer.unref()),
  },
}
