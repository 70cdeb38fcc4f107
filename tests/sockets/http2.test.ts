import type { IncomingMessage, ServerResponse } from "node:http"
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2"
import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { type HttpClient, longPoll, sse } from "@magpie/client/transports"
import { expect, it } from "vitest"
import { until } from "./raw-client.ts"
import { type app, closedAfterEach } from "./test-server.ts"

const { closers, start } = closedAfterEach()

/** The same server behind an HTTP/2 server of Node's, and one connection to it that carries all requests. */
async function startHttp2() {
  const { server } = await start()
  const front = createHttp2((request, response) => {
    // Node's HTTP/2 gives requests and answers in the form of HTTP/1.
    if (!server.api(request as unknown as IncomingMessage, response as unknown as ServerResponse)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve))
  const session = connectHttp2(`http://127.0.0.1:${(front.address() as AddressInfo).port}`)
  closers.push(async () => {
    session.destroy()
    await new Promise((resolve) => front.close(resolve))
  })
  const http: HttpClient = {
    request({ method, url, body }, { onHead, onText, onEnd }) {
      const { pathname, search } = new URL(url)
      const stream = session.request({ ":method": method, ":path": `${pathname}${search}` })
      let state: "up" | "ended" | "cancelled" = "up"
      stream.setEncoding("utf8")
      stream.on("response", (headers) => onHead(Number(headers[":status"])))
      stream.on("data", (text: string) => state === "up" && onText(text))
      stream.on("end", () => {
        if (state === "up" && !stream.aborted) state = "ended"
      })
      stream.on("error", () => {})
      stream.on("close", () => state !== "cancelled" && onEnd(state === "ended"))
      stream.end(body)
      return () => {
        state = "cancelled"
        stream.destroy()
      }
    },
  }
  return { server, http }
}

it.each([
  ["server-sent events", sse],
  ["long polls", longPoll],
] as const)("[G1][G3] a client over %s, over HTTP/2, sends and hears everything in order", async (_name, make) => {
  const { server, http } = await startHttp2()
  const magpie = connect<typeof app>("ws://127.0.0.1", { transport: make({ http }) })
  closers.push(() => magpie.close())
  const heard: unknown[] = []
  magpie.channel("chat/a").on("say", ({ data }) => void heard.push(data))
  await magpie.channel("chat/a").send("say", "first")
  const sent = Array.from({ length: 100 }, (_, index) => `m${index}`)
  await Promise.all(sent.map((text) => magpie.channel("chat/a").send("say", text)))
  await until(() => heard.length >= 100 + (heard[0] === "first" ? 1 : 0))
  expect(heard.slice(-100)).toEqual(sent)
  expect([...server.connections]).toHaveLength(1)
  await magpie.close()
  await until(() => server.connections.size === 0)
})
