import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import type { Limits } from "@magpie/protocol"
import type { TlsPair } from "./certificate.ts"
import type { ApiHandler } from "./http-api.ts"

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

/** How often Node looks for handshakes that take too long. */
const CHECK_MS = 500

/** An HTTP server whose deadlines keep slow and silent handshakes from piling up [F8, F9]. The API is asked first. */
export function createHttp(api: ApiHandler, other: RequestHandler, limits: Limits, tls: TlsPair | undefined): HttpServer {
  const handler: RequestHandler = (request, response) => {
    if (!api(request, response)) other(request, response)
  }
  const options = {
    headersTimeout: limits.handshakeMs,
    requestTimeout: Math.max(limits.handshakeMs, 30_000),
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.handshakeMs),
    maxHeaderSize: 16_384,
  }
  const server =
    tls === undefined
      ? createHttpServer(options, handler)
      : createHttpsServer({ ...options, ...tls, handshakeTimeout: limits.handshakeMs }, handler)
  // A body that is refused by its head alone is never asked for.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (api(request, response)) return
    response.writeContinue()
    other(request, response)
  })
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: { setNoDelay(on: boolean): void }) => socket.setNoDelay(true))
  return server
}

/** What a request gets that no handler of the user's answers. */
export function nothingHere(path: string, ready: () => boolean): RequestHandler {
  return (request, response) => {
    if (!ready()) {
      response.writeHead(503, { "Content-Type": "text/plain; charset=utf-8", "Retry-After": "1" }).end("Not ready.\n")
      return
    }
    const upgrade = request.url === path || request.url?.startsWith(`${path}?`)
    response.writeHead(upgrade ? 426 : 404, {
      "Content-Type": "text/plain; charset=utf-8",
      ...(upgrade ? { Upgrade: "websocket" } : undefined),
    })
    response.end(upgrade ? "Connect with a WebSocket.\n" : "Nothing is here.\n")
  }
}
