import type { IncomingMessage } from "node:http"
import { CLOSE_CODES, closeReason, type Encoded, type Limits, type Log } from "@magpie/protocol"
import { WebSocket } from "ws"
import type { OriginPolicy } from "../access/origin.ts"
import type { Leaver } from "../core/drain.ts"
import { encodedBytes } from "../flow/batch.ts"
import { createMeter, rate, take } from "../flow/rate.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import { failureFields } from "../metrics/failure-fields.ts"

/** A WebSocket without Magpie's protocol: text and bytes as they come. */
export interface PlainSocket {
  readonly address: string
  readonly url: string
  readonly open: boolean
  /** Text or bytes. Does nothing when the link is gone; a client that does not read is cut at the queue limit. */
  send(data: Encoded): void
  close(code?: number, reason?: string): void
  on(event: "message", listener: (data: Encoded) => void | Promise<void>): () => void
  on(event: "close", listener: (close: { readonly code: number; readonly reason: string }) => void): () => void
}

export interface EndpointOptions {
  /** Pages that may connect here. Default: the server's own policy. "any" suits an endpoint that trusts nobody anyway. */
  readonly origins?: OriginPolicy
}

/** A path with plain WebSockets on it. */
export interface Endpoint {
  readonly path: string
  /** Everybody connected now. */
  readonly clients: ReadonlySet<PlainSocket>
  /** Sends to all of them. */
  broadcast(data: Encoded): void
}

export type EndpointHandler = (socket: PlainSocket, request: IncomingMessage) => void | Promise<void>

export interface EndpointContext {
  readonly limits: Limits
  readonly wheel: TimingWheel
  readonly log: Log
  readonly heartbeatMs: number
  readonly pongTimeoutMs: number
  readonly monotonic: () => number
}

export interface LiveEndpoint extends Endpoint {
  readonly origins: OriginPolicy | undefined
  accept(webSocket: WebSocket, request: IncomingMessage, address: string): void
  /** Everybody connected now, to be sent away. */
  leavers(): readonly Leaver[]
}

export function createEndpoint(
  path: string,
  handler: EndpointHandler,
  { origins }: EndpointOptions,
  context: EndpointContext,
): LiveEndpoint {
  const clients = new Map<PlainSocket, WebSocket>()
  return {
    path,
    origins,
    get clients() {
      return new Set(clients.keys())
    },
    broadcast(data) {
      for (const socket of clients.keys()) socket.send(data)
    },
    accept(webSocket, request, address) {
      // Registered before the handler's own listeners, so that who leaves is no longer listed when they hear of it.
      webSocket.on("close", () => void clients.delete(socket))
      const socket = createPlainSocket(webSocket, request, address, context)
      clients.set(socket, webSocket)
      guarded(webSocket, path, context.log, () => handler(socket, request))
    },
    leavers: () =>
      [...clients.values()].map((webSocket) => ({
        sendAway: (retryAfterMs) => webSocket.close(CLOSE_CODES.SERVICE_RESTART, closeReason("restart", retryAfterMs)),
      })),
  }
}

/** A handler that throws costs its own connection and nothing else [F50]. */
function guarded(webSocket: WebSocket, path: string, log: Log, task: () => void | Promise<void>): void {
  const failed = (cause: unknown): void => {
    log("error", "endpoint-failed", { path, ...failureFields(cause) })
    webSocket.close(1011, "internal error")
  }
  try {
    const pending = task()
    if (pending instanceof Promise) pending.catch(failed)
  } catch (cause) {
    failed(cause)
  }
}

function createPlainSocket(webSocket: WebSocket, request: IncomingMessage, address: string, context: EndpointContext): PlainSocket {
  const { limits, log } = context
  const meter = createMeter()
  const messageRate = rate(limits.messagesPerSecond, limits.messagesPerSecond * 2)
  const path = request.url ?? "/"
  const messageListeners = new Set<(data: Encoded) => void | Promise<void>>()
  const closeListeners = new Set<(close: { code: number; reason: string }) => void>()
  const heartbeat = watchHeartbeat(webSocket, context)

  webSocket.on("message", (data, isBinary) => {
    heartbeat.heard()
    if (take(meter, messageRate, context.monotonic()) > 0) return webSocket.close(4006, "too many messages")
    const message = isBinary ? (data as Buffer) : data.toString()
    for (const listener of [...messageListeners]) guarded(webSocket, path, log, () => listener(message))
  })
  webSocket.on("close", (code, reason) => {
    heartbeat.stop()
    for (const listener of [...closeListeners]) guarded(webSocket, path, log, () => listener({ code, reason: reason.toString() }))
    messageListeners.clear()
    closeListeners.clear()
  })
  webSocket.on("error", () => {})

  function on<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    address,
    url: path,
    get open() {
      return webSocket.readyState === WebSocket.OPEN
    },
    send(data) {
      if (webSocket.readyState !== WebSocket.OPEN) return
      const queued = webSocket.bufferedAmount
      if (queued > 0 && queued + encodedBytes(data) > limits.queuedBytes) return webSocket.close(4003, "reads too slowly")
      webSocket.send(data)
    },
    close: (code = 1000, reason = "") => webSocket.close(code, reason),
    on: ((event: "message" | "close", listener: never) =>
      event === "message" ? on(messageListeners, listener) : on(closeListeners, listener)) as PlainSocket["on"],
  }
}

function watchHeartbeat(webSocket: WebSocket, context: EndpointContext): { heard(): void; stop(): void } {
  const { wheel, heartbeatMs, pongTimeoutMs, monotonic } = context
  let heardAt = monotonic()
  let pingedAt: number | undefined
  const heard = (): void => {
    heardAt = monotonic()
    pingedAt = undefined
  }
  const watched: Watched = {
    check(now) {
      if (pingedAt !== undefined && now - pingedAt >= pongTimeoutMs) {
        webSocket.terminate()
        return undefined
      }
      if (pingedAt === undefined && now - heardAt >= heartbeatMs) {
        pingedAt = now
        webSocket.ping()
      }
      return pingedAt === undefined ? heardAt + heartbeatMs - now : pingedAt + pongTimeoutMs - now
    },
  }
  webSocket.on("pong", heard)
  webSocket.on("ping", (payload) => {
    heard()
    if (webSocket.readyState === WebSocket.OPEN && webSocket.bufferedAmount === 0) webSocket.pong(payload)
  })
  wheel.watch(watched, heartbeatMs)
  return { heard, stop: () => wheel.unwatch(watched) }
}
