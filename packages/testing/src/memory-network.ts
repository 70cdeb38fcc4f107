import type { Link, LinkEvents, Transport } from "@magpie/client"
import { closeReason, type Encoded, type Env } from "@magpie/protocol"
import { type Batch, type Core, type LinkRequest, payloadOf, type Socket, type SocketEvents } from "@magpie/server/core"
import { createLane, type Lane } from "./lane.ts"

/** The part of a server that the network talks to. */
export type NetworkServer = Pick<Core<never, never>, "knock" | "accept">

export interface MemoryNetwork {
  /** Makes a server reachable under a host name. Returns how to take it away: its links break at once. */
  listen(host: string, server: NetworkServer): () => void
  /** A way for clients to connect, from an address of their own. */
  transport(options?: { readonly address?: string; readonly origin?: string; readonly plain?: boolean }): Transport
  readonly links: number
  /** Time that a frame travels, each way. */
  latencyMs: number
  /** Breaks every link as a reset does; new ones are possible at once. */
  reset(): void
  /** While cut, links break and new ones fail at once. */
  cut(on: boolean): void
  /** While on, nothing arrives in either direction and nobody is told. */
  blackHole(on: boolean): void
  /** While on, clients accept no bytes: what the server sends piles up. */
  stallReaders(on: boolean): void
  /** Swallows the next frame to a client that the predicate picks, while the link stays up. */
  loseDown(pick: (frame: string) => boolean): void
}

interface MemoryLink {
  readonly down: Lane
  readonly up: Lane
  break(): void
}

/** A network in memory, with faults, on the clock of `env`. Order within a link is kept; nothing else is promised. */
export function memoryNetwork(env: Env): MemoryNetwork {
  const servers = new Map<string, NetworkServer>()
  const links = new Map<MemoryLink, string>()
  const state = { latencyMs: 0, cut: false, blackHole: false, stalled: false }
  const losses: ((frame: string) => boolean)[] = []

  const isLost = (frame: Encoded): boolean => {
    if (typeof frame !== "string") return false
    const index = losses.findIndex((pick) => pick(frame))
    if (index < 0) return false
    losses.splice(index, 1)
    return true
  }
  const breakAll = (host?: string): void => {
    for (const [link, at] of [...links]) if (host === undefined || host === at) link.break()
  }
  const laneOptions = { env, latencyMs: () => state.latencyMs, swallowed: () => state.blackHole }

  function open(url: string, request: Omit<LinkRequest, "token" | "key" | "userAgent">, events: LinkEvents): Link {
    const host = new URL(url).host
    const down = createLane({ ...laneOptions, held: () => state.stalled, lost: isLost })
    const up = createLane({ ...laneOptions, held: () => false, lost: () => false })
    const link: MemoryLink = {
      down,
      up,
      break() {
        if (!links.delete(link)) return
        down.abort(1006)
        up.abort(1006)
      },
    }
    const forget = (): void => void links.delete(link)
    down.onEnd((code, reason) => {
      forget()
      events.onClose(code, reason)
    })
    down.onFrame((frame) => events.onMessage(frame))

    const server = servers.get(host)
    if (server === undefined || state.cut) {
      down.abort(1006)
      return clientLink(up, down)
    }
    const verdict = server.knock({ address: request.address, origin: request.origin, host, cookieOnly: false })
    if (verdict.verdict === "refuse") {
      down.abort(1006)
      return clientLink(up, down)
    }
    links.set(link, host)
    down.run(() => events.onOpen())
    if (verdict.verdict === "turn-away") {
      down.end(1013, closeReason(verdict.reason, verdict.retryAfterMs))
      return clientLink(up, down)
    }
    up.run(() => attach(server, request, up, down))
    return clientLink(up, down)
  }

  function attach(server: NetworkServer, request: Omit<LinkRequest, "token" | "key" | "userAgent">, up: Lane, down: Lane): void {
    const socket = serverSocket(up, down)
    const events: SocketEvents = server.accept(socket, { ...request, token: undefined, key: undefined, userAgent: "memory" })
    up.onFrame((frame) => events.onMessage(frame))
    up.onEnd((code, reason) => events.onClose(code, reason))
    down.onDrained(() => events.onDrain())
    down.onPing(() => up.run(() => events.onAlive()))
  }

  return {
    listen(host, server) {
      servers.set(host, server)
      return () => {
        if (servers.get(host) === server) servers.delete(host)
        breakAll(host)
      }
    },
    transport: ({ address = "127.0.0.1", origin, plain = false } = {}) => ({
      open: (url, _protocols, events) => open(url, { address, origin, plain }, events),
    }),
    get links() {
      return links.size
    },
    get latencyMs() {
      return state.latencyMs
    },
    set latencyMs(value: number) {
      state.latencyMs = value
    },
    reset: () => breakAll(),
    cut(on) {
      state.cut = on
      if (on) breakAll()
    },
    blackHole(on) {
      state.blackHole = on
    },
    stallReaders(on) {
      state.stalled = on
      if (!on) for (const link of links.keys()) link.down.release()
    },
    loseDown: (pick) => void losses.push(pick),
  }
}

function clientLink(up: Lane, down: Lane): Link {
  return {
    get bufferedBytes() {
      return up.heldBytes
    },
    send: (frame) => up.send(frame),
    close(code, reason) {
      up.end(code, reason)
      // The other side's answer, which comes at the latest after the time that browsers give it.
      up.run(() => down.end(code, reason))
    },
  }
}

const CLOSE_TIMEOUT_MS = 5_000
const utf8 = new TextDecoder()

function serverSocket(up: Lane, down: Lane): Socket {
  return {
    get queuedBytes() {
      return down.heldBytes
    },
    send(batches: readonly Batch[]) {
      for (const batch of batches) down.send(batch.text ? utf8.decode(payloadOf(batch)) : payloadOf(batch).slice())
    },
    ping: () => down.ping(),
    pause: () => up.pause(true),
    resume: () => up.pause(false),
    close(code, reason) {
      down.end(code, reason)
      down.run(() => up.end(code, reason))
      up.abortAfter(CLOSE_TIMEOUT_MS, code)
    },
    terminate() {
      up.abort(1006)
      down.abort(1006)
    },
  }
}
