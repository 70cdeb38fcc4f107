import type { Transport } from "@magpie/client"
import { fallback, longPoll, sse, type TransportMemory, type TransportWorld, webSocket } from "@magpie/client/transports"
import { msgpack } from "@magpie/msgpack"
import type { Codec } from "@magpie/protocol"

/** A transport as the table of a suite names it. */
export interface Way {
  readonly name: string
  readonly make: (webSockets: Transport, world: TransportWorld) => Transport
  /** What its clients speak. Default: JSON. */
  readonly codec?: Codec
}

/** Every transport that carries a session. */
export const WAYS: readonly Way[] = [
  { name: "WebSocket", make: (webSockets) => webSockets },
  { name: "server-sent events", make: (_webSockets, world) => sse(world) },
  { name: "long polls", make: (_webSockets, world) => longPoll(world) },
  { name: "long polls that no server keeps", make: (_webSockets, world) => longPoll(elsewhere(world)) },
]

export const BINARY: Way = { name: "WebSocket with MessagePack", make: (webSockets) => webSockets, codec: msgpack() }

const GONE = 410

/** A world in which the second request of a link comes to a server that does not know it, always. */
export function elsewhere(world: TransportWorld): TransportWorld {
  let turn = 0
  return {
    ...world,
    http: {
      request(request, events) {
        if (request.url.includes("/visit?")) {
          const node = `"node":"${turn++ % 2}"`
          return world.http.request(request, { ...events, onText: (text) => events.onText(text.replace(/"node":"[0-9a-f]+"/, node)) })
        }
        if (!request.url.includes("/up?")) return world.http.request(request, events)
        world.clock.defer(() => {
          events.onHead(GONE)
          events.onText('{"code":"CLOSED","details":{"node":"ffffffffffffffff"}}')
          events.onEnd(true)
        })
        return () => {}
      },
    },
  }
}

export const OVER_HTTP: readonly Way[] = WAYS.slice(1)

export interface Remembering extends TransportMemory {
  kept: string | undefined
}

export function memoryOfTransports(kept?: string): Remembering {
  return {
    kept,
    read() {
      return this.kept
    },
    write(name) {
      this.kept = name
    },
  }
}

/** All of them, the best first, with what is remembered in the test's hands. */
export function allWays(memory: TransportMemory = memoryOfTransports()): Way["make"] {
  return (webSockets, world) => fallback([webSocket(webSockets), sse(world), longPoll(world)], { memory, world })
}
