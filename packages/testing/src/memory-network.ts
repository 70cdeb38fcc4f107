import type { Link, LinkEvents, Transport } from "@magpie/client"
import type { HttpClient } from "@magpie/client/transports"
import { CLOSE_CODES, closeReason, type Encoded, type Env } from "@magpie/protocol"
import {
  type Core,
  type HandshakeCredentials,
  type HttpTransports,
  isCookieOnly,
  type LinkRequest,
  type SocketEvents,
} from "@magpie/server/core"
import { createLane, type Lane } from "./lane.ts"
import { clientLink, serverSocket } from "./link-ends.ts"
import { memoryHttp } from "./memory-http.ts"

/** The part of a server that the network talks to. */
export interface NetworkServer extends Pick<Core<never, never>, "knock" | "accept"> {
  /** What answers HTTP requests. Default: nobody does, and they break. */
  readonly http?: Pick<HttpTransports, "handle"> | undefined
}

/** What stands between clients and servers and does not let everything through. */
export interface Middlebox {
  /** `refuse`: upgrades fail at once. `drop`: they stay unanswered. `mute`: they succeed, and no frame comes through. */
  webSockets: "pass" | "refuse" | "drop" | "mute"
  /** `buffer`: an answer is held back until it has ended. */
  streams: "pass" | "buffer"
}

export interface TransportOptions {
  readonly address?: string
  readonly origin?: string
  /** Without Magpie's subprotocol. */
  readonly plain?: boolean
  /** What came with the handshake itself, as a bearer token and an API key do in headers. */
  readonly token?: string
  readonly key?: string
  readonly ticket?: string
  /** What a browser would add by itself. */
  readonly cookie?: string
}

/** Faults strike the links of one address where it is given, else all. */
export interface MemoryNetwork {
  /** Makes a server reachable under a host name. Returns how to take it away: its links break at once. */
  listen(host: string, server: NetworkServer): () => void
  /** A way for clients to connect by WebSocket, from an address of their own. */
  transport(options?: TransportOptions): Transport
  /** The same for requests: what transports over HTTP are given. */
  http(options?: TransportOptions): HttpClient
  /** For whoever connects from now on. */
  readonly middlebox: Middlebox
  readonly links: number
  /** Links of one address that neither side has given up. */
  linksOf(address: string): number
  /** Time that a frame travels, each way. */
  latencyMs: number
  /** What comes to that for one frame of an address; nothing by default. */
  jitterMs: (address: string) => number
  /**
   * Draws, in [0, 1), by which the bodies of answers to an address are cut anywhere and joined, down to single bytes. By
   * default what was written at once arrives at once.
   */
  cutting: ((address: string) => number) | undefined
  /** Breaks every link as a reset does; new ones are possible at once. */
  reset(address?: string): void
  /** While cut, links break and new ones fail at once. */
  cut(on: boolean, address?: string): void
  /** While on, nothing arrives in either direction and nobody is told; what links are left then go on, as TCP does. */
  blackHole(on: boolean, address?: string): void
  /** The links of this moment are half-open for good; new ones are possible at once, as after a change from Wi-Fi to LTE. */
  strand(address?: string): void
  /** While on, clients accept no bytes: what the server sends piles up. */
  stallReaders(on: boolean, address?: string): void
  /** Bytes that the server has sent and clients have not accepted. */
  heldBytes(address?: string): number
  /** Swallows the next frame to a client that the predicate picks, while the link stays up. Returns how to call that off. */
  loseDown(pick: (frame: string) => boolean, address?: string): () => void
}

export type Request = Omit<LinkRequest, "userAgent"> & HandshakeCredentials & { readonly cookie: string | undefined }

export interface MemoryLink {
  readonly host: string
  readonly address: string
  readonly down: Lane
  readonly up: Lane
  stranded: boolean
  break(): void
}

/** What is struck: everything, or some addresses. */
function createFault() {
  const struck = new Set<string | undefined>()
  return {
    set: (on: boolean, address: string | undefined): void => void (on ? struck.add(address) : struck.delete(address)),
    strikes: (address: string): boolean => struck.has(undefined) || struck.has(address),
  }
}

/** A network in memory, with faults, on the clock of `env`. Order within a link is kept; nothing else is promised. */
export function memoryNetwork(env: Env): MemoryNetwork {
  const servers = new Map<string, NetworkServer>()
  const links = new Set<MemoryLink>()
  const cuts = createFault()
  const blackHoles = createFault()
  const stalls = createFault()
  const losses: { readonly pick: (frame: string) => boolean; readonly address: string | undefined }[] = []
  const middlebox: Middlebox = { webSockets: "pass", streams: "pass" }
  let latencyMs = 0
  let jitterMs: MemoryNetwork["jitterMs"] = () => 0
  let cutting: MemoryNetwork["cutting"]

  const struckBy = (address?: string): MemoryLink[] => [...links].filter((link) => address === undefined || address === link.address)

  const isLost = (frame: Encoded, address: string): boolean => {
    if (typeof frame !== "string") return false
    const index = losses.findIndex((loss) => (loss.address ?? address) === address && loss.pick(frame))
    if (index >= 0) losses.splice(index, 1)
    return index >= 0
  }

  function release(address: string | undefined): void {
    for (const { up, down } of struckBy(address)) {
      up.release()
      down.release()
    }
  }

  function createLink(host: string, address: string): MemoryLink {
    const cutOff = (): boolean => link.stranded || blackHoles.strikes(address)
    const options = { env, latencyMs: () => latencyMs + jitterMs(address), cutOff }
    const link: MemoryLink = {
      host,
      address,
      down: createLane({ ...options, held: () => stalls.strikes(address), lost: (frame) => isLost(frame, address) }),
      up: createLane({ ...options, held: () => false, lost: () => false }),
      stranded: false,
      break() {
        if (!links.delete(link)) return
        link.down.abort(1006)
        link.up.abort(1006)
      },
    }
    return link
  }

  function open(url: string, request: Request, events: LinkEvents): Link {
    const { host } = new URL(url)
    const link = createLink(host, request.address)
    const { down, up } = link
    down.onEnd((code, reason) => {
      links.delete(link)
      events.onClose(code, reason)
    })
    down.onFrame((frame) => events.onMessage(frame))
    const client = clientLink(up, down)

    if (middlebox.webSockets === "drop") {
      link.stranded = true
      links.add(link)
      return client
    }
    const isRefused = cuts.strikes(request.address) || middlebox.webSockets === "refuse"
    const server = isRefused ? undefined : servers.get(host)
    const { address, origin, cookie, token, key } = request
    const cookieOnly = isCookieOnly({ cookie, authorization: token, key, site: undefined })
    const verdict = server?.knock({ address, origin, host, cookieOnly })
    if (server === undefined || verdict === undefined || verdict.verdict === "refuse") {
      down.abort(1006)
      return client
    }
    links.add(link)
    down.run(() => {
      link.stranded ||= middlebox.webSockets === "mute"
      events.onOpen()
    })
    if (verdict.verdict === "turn-away") down.end(CLOSE_CODES[verdict.close], closeReason(verdict.reason, verdict.retryAfterMs))
    else {
      const { leave } = verdict
      // Also where it breaks before the server has taken it.
      up.onEnd(leave)
      up.run(() => attach(server, request, up, down, leave))
    }
    return client
  }

  return {
    listen(host, server) {
      servers.set(host, server)
      return () => {
        if (servers.get(host) === server) servers.delete(host)
        for (const link of links) if (link.host === host) link.break()
      }
    },
    transport: ({ address = "127.0.0.1", origin, plain = false, token, key, ticket, cookie } = {}) => ({
      open: (url, [subprotocol], events) => open(url, { address, origin, plain, subprotocol, token, key, ticket, cookie }, events),
    }),
    http: ({ address = "127.0.0.1", origin, token, key, ticket, cookie } = {}) =>
      memoryHttp(
        {
          clock: env.clock,
          middlebox,
          cutting() {
            const draw = cutting
            return draw && (() => draw(address))
          },
          open(host) {
            const link = createLink(host, address)
            const server = cuts.strikes(address) ? undefined : servers.get(host)?.http
            if (server !== undefined) links.add(link)
            return { link, server, closed: () => void links.delete(link) }
          },
        },
        { address, origin, token, key, ticket, cookie },
      ),
    middlebox,
    get links() {
      return links.size
    },
    linksOf: (address) => struckBy(address).length,
    get latencyMs() {
      return latencyMs
    },
    set latencyMs(value: number) {
      latencyMs = value
    },
    get jitterMs() {
      return jitterMs
    },
    set jitterMs(value) {
      jitterMs = value
    },
    get cutting() {
      return cutting
    },
    set cutting(value) {
      cutting = value
    },
    reset(address) {
      for (const link of struckBy(address)) link.break()
    },
    cut(on, address) {
      cuts.set(on, address)
      if (on) for (const link of struckBy(address)) link.break()
    },
    blackHole(on, address) {
      blackHoles.set(on, address)
      if (!on) release(address)
    },
    strand(address) {
      for (const link of struckBy(address)) link.stranded = true
    },
    stallReaders(on, address) {
      stalls.set(on, address)
      if (!on) release(address)
    },
    heldBytes: (address) => struckBy(address).reduce((sum, link) => sum + link.down.heldBytes, 0),
    loseDown(pick, address) {
      const loss = { pick, address }
      losses.push(loss)
      return () => void (losses.includes(loss) && losses.splice(losses.indexOf(loss), 1))
    },
  }
}

function attach(server: NetworkServer, request: Request, up: Lane, down: Lane, leave: () => void): void {
  const { token, key, ticket, cookie: _cookie, ...link } = request
  const events: SocketEvents = server.accept(serverSocket(up, down), { ...link, userAgent: "memory" }, { token, key, ticket })
  up.onFrame((frame) => events.onMessage(frame))
  up.onEnd((code, reason) => {
    leave()
    events.onClose(code, reason)
  })
  down.onDrained(() => events.onDrain())
  down.onPing(() => up.run(() => events.onAlive()))
}
