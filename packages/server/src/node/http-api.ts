import type { IncomingMessage, ServerResponse } from "node:http"
import type { Clock, Limits, Log } from "@magpie/protocol"
import { clientAddress, plainAddress, type TrustedProxies } from "../access/client-address.ts"
import type { Api } from "../http/api.ts"
import type { ApiResponse } from "../http/request.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import { discardRest, expectsContinue, readRequest } from "./read-request.ts"
import { pathOf } from "./upgrade.ts"

/** Answers a request of the HTTP API and says so; one of any other path is left alone, and the answer is false. */
export type ApiHandler = (request: IncomingMessage, response: ServerResponse) => boolean

export interface ApiHandlerOptions {
  /** Undefined where there is none. */
  readonly api: Api | undefined
  readonly prefix: string
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Log
  readonly trustedProxies: TrustedProxies
}

/** The shell of the HTTP API: it reads, writes and cuts what is slow; what is said is decided in `http/`. */
export function createApiHandler({ api, prefix, clock, limits, log, trustedProxies }: ApiHandlerOptions): ApiHandler {
  async function answer(decide: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headersDistinct: headers, method = "", url: target = "/" } = request
    const address = clientAddress(plainAddress(request.socket.remoteAddress), headers["x-forwarded-for"]?.join(","), trustedProxies)
    const readBody = (maxBytes: number, timeoutMs: number): Promise<Uint8Array> =>
      readRequest(request, response, { maxBytes, timeoutMs, clock })
    write(request, response, await decide({ method, target, headers, address, readBody }))
  }

  function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: ApiResponse): void {
    if (response.destroyed) return
    // Who does not read the answer keeps nothing of ours for long.
    const stalled = clock.setTimer(limits.stallMs, () => request.socket.destroy())
    response.on("close", () => stalled.cancel())
    // Whoever was not asked to go on with the body will not send it: the connection cannot be used again.
    const close = expectsContinue(request) && !request.readableDidRead ? { Connection: "close" } : undefined
    response.writeHead(status, { ...headers, ...close, ...(status === 204 ? undefined : { "Content-Length": Buffer.byteLength(body) }) })
    response.end(body)
    discardRest(request, clock)
  }

  return (request, response) => {
    const path = pathOf(request)
    if (api === undefined || !(path === prefix || path.startsWith(`${prefix}/`))) return false
    response.on("error", () => {})
    request.on("error", () => {})
    answer(api, request, response).catch((failure) => {
      // The other side is gone, or what we wrote could not be sent: there is nobody to tell.
      log("debug", "api-unanswered", failureFields(failure))
      request.socket.destroy()
    })
    return true
  }
}
