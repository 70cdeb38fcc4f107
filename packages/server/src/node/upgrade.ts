import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { type AnyContract, CLOSE_CODES, type Clock, closeReason, type Limits } from "@magpie/protocol"
import { type WebSocket, WebSocketServer } from "ws"
import { clientAddress, plainAddress, type TrustedProxies } from "../access/client-address.ts"
import type { User } from "../access/identity.ts"
import { isCookieOnly } from "../access/origin.ts"
import type { Core } from "../core/server-core.ts"
import { rate } from "../flow/rate.ts"
import { createTurnstile } from "../flow/turnstile.ts"
import { checkHandshake, chooseSubprotocol, type HandshakeVerdict } from "../transports/handshake.ts"
import type { LiveEndpoint } from "./endpoint.ts"
import { refuseUpgrade } from "./refuse-upgrade.ts"
import { WebSocketSocket } from "./websocket-socket.ts"

export interface UpgradeOptions {
  readonly core: Pick<Core<AnyContract, User>, "knock" | "accept">
  readonly clock: Clock
  readonly limits: Limits
  /** Subprotocols that the server speaks. */
  readonly spoken: ReadonlySet<string>
  /** The path of Magpie's own protocol. */
  readonly path: string
  readonly trustedProxies: TrustedProxies
  readonly endpoints: ReadonlyMap<string, LiveEndpoint>
}

/** An upgrade and what follows it take a fraction of a millisecond, so a storm of them holds no turn for long. */
const UPGRADES_PER_TURN = 32

export type UpgradeListener = (request: IncomingMessage, stream: Duplex, head: Buffer) => void

/** Takes upgrade requests of an HTTP server through handshake checks and admission to a connection. */
export function createUpgradeListener({ core, clock, limits, spoken, path, trustedProxies, endpoints }: UpgradeOptions): UpgradeListener {
  // The types of ws do not know closeTimeout yet.
  const options: ConstructorParameters<typeof WebSocketServer>[0] & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.messageBytes,
    maxFragments: limits.messageFragments,
    maxBufferedChunks: limits.messageFragments * 2,
    closeTimeout: limits.closeMs,
    handleProtocols: (offered) => chooseSubprotocol([...offered], spoken) ?? false,
  }
  const webSockets = new WebSocketServer(options)

  const turnstile = createTurnstile(clock, UPGRADES_PER_TURN)
  const pingRate = rate(limits.pingsPerSecond, limits.pingsPerSecond * 5)

  function accept(webSocket: WebSocket, stream: Duplex, request: IncomingMessage, address: string, handshake: GoodHandshake): void {
    const { origin, authorization, ...headers } = request.headers
    const socket = new WebSocketSocket(webSocket, stream, pingRate)
    const { token = bearerOf(authorization), ticket, subprotocol } = handshake
    const link = { address, origin, userAgent: headers["user-agent"]?.slice(0, 256), plain: subprotocol === undefined, subprotocol }
    const credentials = { token, key: headerText(headers["x-api-key"]), ticket }
    socket.connect(core.accept(socket, link, credentials))
  }

  return (request, stream, head) => {
    // A client may be gone before it is answered [F10]; from here on somebody listens.
    stream.on("error", destroyItself)
    // Whoever has not waited need not be answered, and would never be gone.
    if (stream.destroyed) return
    const endpoint = endpoints.get(pathOf(request))
    if (endpoint === undefined && pathOf(request) !== path) return refuseUpgrade(stream, 404, "nothing is here")
    const headers = endpoint ? withoutProtocols(request) : request.headersDistinct
    const handshake = checkHandshake({ method: request.method ?? "", headers }, spoken)
    if (!handshake.ok) return refuseUpgrade(stream, handshake.status, handshake.reason, handshake.headers)
    const peer = plainAddress(request.socket.remoteAddress)
    const address = clientAddress(peer, headerText(request.headers["x-forwarded-for"]), trustedProxies)
    const { origin, host, cookie, authorization } = request.headers
    const verdict = core.knock({
      address,
      origin,
      host,
      cookieOnly: isCookieOnly({
        cookie,
        authorization,
        key: headerText(request.headers["x-api-key"]),
        site: headerText(request.headers["sec-fetch-site"]),
      }),
      forwarded: trustedProxies.has(peer),
      origins: endpoint?.origins,
    })
    if (verdict.verdict === "refuse") return refuseUpgrade(stream, verdict.status, verdict.reason, retryHeader(verdict.retryAfterMs))
    if (verdict.verdict === "admit") stream.once("close", verdict.leave)
    const upgrade = (): void => {
      if (stream.destroyed) return
      webSockets.handleUpgrade(request, stream, head, (webSocket) => {
        if (verdict.verdict === "turn-away") {
          webSocket.on("error", () => {})
          webSocket.close(CLOSE_CODES[verdict.close], closeReason(verdict.reason, verdict.retryAfterMs))
        } else if (endpoint) endpoint.accept(webSocket, request, address)
        else accept(webSocket, stream, request, address, handshake)
      })
    }
    const wait = turnstile.enter()
    if (wait === undefined) upgrade()
    else void wait.then(upgrade)
  }
}

/** No closure: it lives as long as its connection, and must not keep the request alive with it. */
function destroyItself(this: Duplex): void {
  this.destroy()
}

type GoodHandshake = Extract<HandshakeVerdict, { readonly ok: true }>

export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/"
  const query = url.indexOf("?")
  return query < 0 ? url : url.slice(0, query)
}

/** An endpoint of the user's may be offered any subprotocol; it speaks none. */
function withoutProtocols(request: IncomingMessage): NodeJS.Dict<string[]> {
  return { ...request.headersDistinct, "sec-websocket-protocol": undefined }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value
}

function bearerOf(authorization: string | undefined): string | undefined {
  return authorization?.startsWith("Bearer ") ? authorization.slice(7).trim() : undefined
}

function retryHeader(retryAfterMs: number | undefined): Readonly<Record<string, string>> {
  return retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) }
}
