import type { Transport } from "@magpie/client"
import { fallback, type HttpClient, longPoll, sse, webSocket } from "@magpie/client/transports"
import type { Exchange, HttpTransports } from "@magpie/server/core"
import type { FakeProcess } from "../fake-process.ts"
import type { MemoryNetwork } from "../memory-network.ts"
import type { SeededRandom } from "../seeded-random.ts"

/** HTTP as a process asks by it: what comes back while it stands still waits. */
function httpIn(its: FakeProcess, http: HttpClient, pickHost: (host: string) => string): HttpClient {
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

export interface WaysOptions {
  readonly network: MemoryNetwork
  readonly address: string
  /** Where a request goes that was meant for a node. */
  balance(node: string): string
}

/** Every transport of a client, as its user would have it, without a memory of other lives. */
export function everyTransport({ network, address, balance }: WaysOptions) {
  const memory = { read: () => undefined, write: () => {} }
  return (webSockets: Transport, its: FakeProcess, random: SeededRandom): Transport => {
    const world = { http: httpIn(its, network.http({ address }), balance), clock: its.env.clock, random }
    return fallback([webSocket(webSockets), sse(world), longPoll(world)], { world, memory, patienceMs: 1_500, climbAfterMs: 2_000 })
  }
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
