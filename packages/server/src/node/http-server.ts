import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import type { Limits } from "@magpie/protocol"

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

export interface TlsOptions {
  /** Certificate chain in PEM. */
  readonly cert: string | Buffer
  /** Private key in PEM. */
  readonly key: string | Buffer
}

/** How often Node looks for handshakes that take too long. */
const CHECK_MS = 500

/** An HTTP server whose deadlines keep slow and silent handshakes from piling up [F8, F9]. */
export function createHttp(handler: RequestHandler, limits: Limits, tls: TlsOptions | undefined): HttpServer {
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
