import type { Transport } from "@magpie/client"
import { fallback, type HttpClient, longPoll, sse, type TransportWorld, webSocket } from "@magpie/client/transports"
import type { Exchange, HttpTransports } from "@magpie/server/core"
import type { FakeProcess } from "../fake-process.ts"

/** HTTP as a process asks by it: what comes back while it stands still waits. */
export function httpIn(its: FakeProcess, http: HttpClient, pickHost: (host: string) => string): HttpClient {
  return {
    request(request, { onHead, onText, onEnd }) {
      const url = new URL(request.url)
      url.host = pickHost(url.host)
      return http.request(
        { ...request, url: url.href },
        {
          onHead: (status) => its.run(() => onHead(status)),
          onText: (text) => its.run(() => onText(text)),
          onEnd: (complete) => its.run(() => onEnd(complete)),
        },
      )
    },
  }
}

/** Every transport of a client, as its user would have it, without a memory of other lives. */
export function everyTransport(webSockets: Transport, world: TransportWorld): Transport {
  const memory = { read: () => undefined, write: () => {} }
  return fallback([webSocket(webSockets), sse(world), longPoll(world)], { world, memory, patienceMs: 1_500, climbAfterMs: 2_000 })
}

/** The door for requests, opened from inside a server's process. */
export function doorIn(its: FakeProcess, http: HttpTransports): Pick<HttpTransports, "handle"> {
  return {
    async handle(exchange) {
      its.run(() => void http.handle(exchangeIn(its, exchange)))
    },
  }
}

function exchangeIn(its: FakeProcess, exchange: Exchange): Exchange {
  return {
    ...exchange,
    stream: (headers, { onDrain, onGone }) => exchange.stream(headers, { onDrain: () => its.run(onDrain), onGone: () => its.run(onGone) }),
    onLeft: (listener) => exchange.onLeft(() => its.run(listener)),
  }
}
