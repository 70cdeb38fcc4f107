import type { IncomingMessage, ServerResponse } from "node:http"
import type { Clock, Limits } from "@magpie/protocol"
import { clientAddress, plainAddress, type TrustedProxies } from "../access/client-address.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import { COMMENT } from "../transports/event.ts"
import type { AnswerEvents, Answered, AnswerStream, Exchange } from "../transports/exchange.ts"
import { discardRest, expectsContinue, readRequest } from "./read-request.ts"

export interface NodeExchangeOptions {
  readonly clock: Clock
  readonly wheel: TimingWheel
  readonly limits: Pick<Limits, "stallMs">
  readonly trustedProxies: TrustedProxies
}

/** One request of Node's HTTP server as the transports see it. */
export function nodeExchange(request: IncomingMessage, response: ServerResponse, options: NodeExchangeOptions): Exchange {
  const { clock, trustedProxies } = options
  const { method = "", url: target = "/" } = request
  const headers = headersOf(request)
  const peer = plainAddress(request.socket.remoteAddress)
  let state: "open" | "answered" | "gone" = "open"
  let gone = (): void => {}
  response.on("error", () => {})
  request.on("error", () => {})
  onceGone(request, response, () => {
    state = "gone"
    gone()
  })
  return {
    method,
    target,
    headers,
    address: clientAddress(peer, headers["x-forwarded-for"]?.join(","), trustedProxies),
    forwarded: trustedProxies.has(peer),
    readBody: (maxBytes, timeoutMs) => readRequest(request, response, { maxBytes, timeoutMs, clock }),
    answer(answered) {
      if (state !== "open") return
      state = "answered"
      gone = write(request, response, answered, options)
    },
    stream(given, events) {
      state = "answered"
      gone = () => events.onGone()
      response.writeHead(200, given)
      discardRest(request, clock)
      return openStream(response, events)
    },
    onLeft(listener) {
      gone = listener
    },
  }
}

/** Nobody waits for the answer any more. One that stands behind another in a pipeline has no close of its own: its socket's counts. */
function onceGone({ socket }: IncomingMessage, response: ServerResponse, then: () => void): void {
  const isBehind = response.socket === null
  const gone = (): void => {
    response.off("close", gone)
    if (isBehind) socket.off("close", gone)
    then()
  }
  response.on("close", gone)
  if (!isBehind) return
  // As many as the pipeline is long.
  socket.setMaxListeners(0)
  socket.on("close", gone)
}

/** HTTP/2 names the host by a header of its own, and Node gives its headers without the list of all values. */
function headersOf(request: IncomingMessage): Readonly<Record<string, readonly string[] | undefined>> {
  if (request.httpVersionMajor < 2) return request.headersDistinct
  const headers: Record<string, readonly string[] | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) headers[name] = value === undefined ? undefined : [value].flat()
  return { ...headers, host: headers.host ?? headers[":authority"] }
}

/** Returns what lets go of the answer, once it has left or nobody waits for it. */
function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answered,
  { clock, wheel, limits }: NodeExchangeOptions,
): () => void {
  // Whoever was not asked to go on with the body will not send it: the connection cannot be used again.
  const close = expectsContinue(request) && !request.readableDidRead ? { Connection: "close" } : undefined
  const length = status === 204 ? undefined : { "Content-Length": Buffer.byteLength(body) }
  response.writeHead(status, { ...headers, ...close, ...length })
  response.end(body)
  discardRest(request, clock)
  if (response.writableLength === 0) return () => {}
  // Who does not read the answer keeps nothing of ours for long.
  const stalled: Watched = { check: () => void response.destroy() }
  wheel.watch(stalled, limits.stallMs)
  return () => wheel.unwatch(stalled)
}

function openStream(response: ServerResponse, events: AnswerEvents): AnswerStream {
  let asked = false
  response.on("drain", () => events.onDrain())
  return {
    get queuedBytes() {
      return response.writableLength
    },
    write(chunks) {
      if (response.writableEnded || response.destroyed) return
      if (chunks.length === 1 && chunks[0] !== undefined) return void response.write(chunks[0])
      response.write(Buffer.concat(chunks))
    },
    askForDrain() {
      if (asked || response.writableNeedDrain || response.destroyed) return
      asked = true
      // Behind everything that was written: a comment, which no reader sees.
      response.write(COMMENT, (failure) => {
        asked = false
        if (!failure) events.onDrain()
      })
    },
    end: () => void response.end(),
    cut: () => void response.destroy(),
  }
}
