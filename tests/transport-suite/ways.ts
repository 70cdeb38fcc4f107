import type { Transport } from "@magpie/client"
import { fallback, longPoll, sse, type TransportMemory, type TransportWorld, webSocket } from "@magpie/client/transports"

/** A transport as the table of a suite names it. */
export interface Way {
  readonly name: string
  readonly make: (webSockets: Transport, world: TransportWorld) => Transport
}

/** Every transport that carries a session. */
export const WAYS: readonly Way[] = [
  { name: "WebSocket", make: (webSockets) => webSockets },
  { name: "server-sent events", make: (_webSockets, world) => sse(world) },
  { name: "long polls", make: (_webSockets, world) => longPoll(world) },
]

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
