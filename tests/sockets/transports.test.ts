import { createServer as createProxy, request as proxyRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { fallback, longPoll, sse, webSocket } from "@magpie/client/transports"
import { describe, expect, it } from "vitest"
import { memoryOfTransports } from "../transport-suite/ways.ts"
import { openRaw, until } from "./raw-client.ts"
import { type app, closedAfterEach } from "./test-server.ts"

const { closers, start } = closedAfterEach()

const WAYS = [
  { name: "server-sent events", make: () => sse() },
  { name: "long polls", make: () => longPoll() },
] as const

function client(port: number, transport: ReturnType<typeof sse>) {
  const made = connect<typeof app>(`ws://127.0.0.1:${port}`, { transport })
  closers.push(() => made.close())
  return made
}

/** A proxy that gives every answer on in one piece, when it has ended, and knows no upgrade. */
async function startBufferingProxy(port: number): Promise<number> {
  const proxy = createProxy((request, response) => {
    const asked = proxyRequest(
      { port, host: "127.0.0.1", method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        const pieces: Buffer[] = []
        answer.on("data", (piece: Buffer) => pieces.push(piece))
        answer.on("end", () => response.writeHead(answer.statusCode ?? 502).end(Buffer.concat(pieces)))
        answer.on("error", () => response.destroy())
      },
    )
    asked.on("error", () => response.destroy())
    response.on("close", () => asked.destroy())
    request.pipe(asked)
  })
  proxy.on("upgrade", (_request, socket) => socket.destroy())
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
  closers.push(async () => {
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
  })
  return (proxy.address() as AddressInfo).port
}

describe.each(WAYS)("a client over $name, over TCP", ({ make }) => {
  it("[G1][G3] sends and hears everything in order, both ways at once", async () => {
    const { server, port } = await start()
    const magpie = client(port, make())
    const heard: unknown[] = []
    magpie.channel("chat/a").on("say", ({ data }) => void heard.push(data))
    const sent = Array.from({ length: 200 }, (_, index) => `client ${index}`)
    await magpie.channel("chat/a").send("say", "first")
    await Promise.all([
      ...sent.map((text) => magpie.channel("chat/a").send("say", text)),
      ...sent.map((_, index) => server.channel("chat/a").publish("say", `server ${index}`)),
    ])
    await until(() => heard.length >= 400)
    expect(heard.filter((text) => String(text).startsWith("client"))).toEqual(sent)
    expect(heard.filter((text) => String(text).startsWith("server"))).toEqual(sent.map((_, index) => `server ${index}`))
  })

  it("[G4] gets a long text of every kind of character whole", async () => {
    const { port } = await start()
    const magpie = client(port, make())
    const text = '鵲橋 \u{1f426} "quoted" \\ data: id: \r\n\n event: close\u2028'.repeat(500)
    const heard: unknown[] = []
    magpie.channel("chat/a").on("say", ({ data }) => void heard.push(data))
    await until(() => magpie.channel("chat/a").subscription.state.state === "live")
    await magpie.channel("chat/a").send("say", text)
    await until(() => heard.length === 1)
    expect(heard).toEqual([text])
  })

  it("[G12] comes back to a server that closed, and a close leaves nothing open", async () => {
    const { server, port } = await start()
    const magpie = client(port, make())
    await until(() => magpie.status.state === "online")
    for (const connection of server.connections) connection.disconnect()
    await until(() => magpie.status.state === "reconnecting")
    magpie.connect()
    await until(() => magpie.status.state === "online")
    await magpie.close()
    await until(() => server.connections.size === 0)
  })
})

describe("transports over TCP", () => {
  it("[F89] a client behind a proxy that buffers goes down to long polls", async () => {
    const { port } = await start()
    const memory = memoryOfTransports()
    const through = await startBufferingProxy(port)
    const magpie = connect<typeof app>(`ws://127.0.0.1:${through}`, {
      transport: fallback([webSocket(), sse(), longPoll()], { memory, patienceMs: 500 }),
    })
    closers.push(() => magpie.close())
    const heard: unknown[] = []
    magpie.channel("chat/a").on("say", ({ data }) => void heard.push(data))
    await magpie.channel("chat/a").send("say", "through the proxy")
    await until(() => heard.length === 1)
    expect(memory.kept).toBe("long-poll")
  })

  it("[F89] an event stream says that it must not be held back, and takes Last-Event-ID", async () => {
    const { server, port } = await start()
    for (const text of ["one", "two", "three"]) await server.channel("chat/a").publish("say", text)
    const read = async (headers: Record<string, string>, enough: (text: string) => boolean): Promise<[Response, string]> => {
      const response = await fetch(`http://127.0.0.1:${port}/magpie/sse?channel=chat/a&last=2`, { headers })
      let text = ""
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      while (reader && !enough(text)) text += (await reader.read()).value ?? ""
      await reader?.cancel()
      return [response, text]
    }
    const [response, first] = await read({}, (text) => text.includes('"three"'))
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    })
    expect(first).not.toContain('"one"')
    const [second = ""] = [...first.matchAll(/^id:(.+)$/gm)].map(([, id]) => id).filter((id) => id?.includes(":2:"))
    const [, rest] = await read({ "Last-Event-ID": second }, (text) => text.includes('"three"'))
    expect(rest).not.toContain('"two"')
    await until(() => server.connections.size === 0)
  })

  it("[F90] a body that is announced too long is refused before it comes, and one that does not come, in time", async () => {
    const { port } = await start({ limits: { postMs: 200 } })
    const opened = await fetch(`http://127.0.0.1:${port}/magpie/poll?link=link-of-a-test-1`, { method: "POST" })
    expect(await opened.json()).toMatchObject({ n: 0, secret: expect.any(String) })
    const post = (length: number): string =>
      `POST /magpie/up?link=link-of-a-test-1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\n`
    const long = await openRaw(port)
    long.write(post(70_000))
    await until(() => long.status !== undefined)
    expect(long.status).toBe(413)
    const slow = await openRaw(port)
    slow.write(post(100))
    await until(() => slow.status !== undefined)
    expect(slow.status).toBe(408)
  })

  it("[F90] a body in many tiny packets costs time in proportion to its length", async () => {
    const { port } = await start()
    await fetch(`http://127.0.0.1:${port}/magpie/poll?link=link-of-a-test-1`, { method: "POST" })
    const timeOf = async (bytes: number): Promise<number> => {
      const client = await openRaw(port)
      client.socket.setNoDelay(true)
      client.write(`POST /magpie/up?link=link-of-a-test-1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`)
      const started = performance.now()
      for (let at = 0; at < bytes; at++) client.write("1\r\nx\r\n")
      client.write("0\r\n\r\n")
      await until(() => client.status !== undefined)
      expect(client.status).toBe(400)
      return performance.now() - started
    }
    const best = async (bytes: number): Promise<number> => Math.min(await timeOf(bytes), await timeOf(bytes), await timeOf(bytes))
    const [short, long] = [await best(4_000), await best(32_000)]
    // Eight times as long; a cost that grows with the square would be sixty-four times as high.
    expect(long).toBeLessThan(short * 30 + 100)
  })

  it("[F7][F41] a page of the server's own may come with a cookie and without an Origin, a foreign one may not", async () => {
    const { port } = await start()
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const client = await openRaw(port)
      const lines = Object.entries({ Host: `127.0.0.1:${port}`, Connection: "close", ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      )
      client.write(`POST /magpie/poll?link=link-of-a-test-1 HTTP/1.1\r\nContent-Length: 0\r\n${lines.join("\r\n")}\r\n\r\n`)
      await until(() => client.status !== undefined)
      return client.status ?? 0
    }
    expect(await ask({ Cookie: "user=ann", "Sec-Fetch-Site": "cross-site" })).toBe(403)
    expect(await ask({ Cookie: "user=ann" })).toBe(403)
    expect(await ask({ Cookie: "user=ann", "Sec-Fetch-Site": "same-origin" })).toBe(200)
  })

  it("answers a page of an origin that is on the list so that it may read the answer, and its preflight", async () => {
    const { port } = await start({ origins: ["https://app.example"] })
    const url = `http://127.0.0.1:${port}/magpie/poll?link=link-of-a-test-1`
    const preflight = await fetch(url, { method: "OPTIONS", headers: { Origin: "https://app.example" } })
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "GET, POST"])
    const answer = await fetch(url, { method: "POST", headers: { Origin: "https://app.example" } })
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.example"])
    expect((await fetch(url, { method: "POST", headers: { Origin: "https://app.example.evil" } })).status).toBe(403)
  })

  it("[G12][G11] who asks for several streams at once on one socket, and leaves, leaves nothing", async () => {
    const { server, port } = await start({ limits: { connections: 3 }, heartbeatMs: 300_000 })
    const raw = await openRaw(port)
    const asked = ["a", "b", "c"].map((room) => `GET /magpie/sse?channel=chat/${room} HTTP/1.1\r\nHost: x\r\n\r\n`)
    raw.write(asked.join(""))
    await until(() => server.connections.size === 3)
    raw.socket.destroy()
    await until(() => server.connections.size === 0)
    const next = await fetch(`http://127.0.0.1:${port}/magpie/sse?channel=chat/a`)
    expect(next.status).toBe(200)
    await next.body?.cancel()
  })

  it("[G12] closing the server ends streams, waiting polls and bodies that are being read", async () => {
    const { server, port } = await start()
    const stream = await fetch(`http://127.0.0.1:${port}/magpie/sse?channel=chat/a`)
    const poll = fetch(`http://127.0.0.1:${port}/magpie/poll?channel=chat/a`)
    await until(() => server.connections.size === 2)
    await server.close({ spreadMs: 0 })
    expect(await stream.text()).toContain('"code":1012')
    // 503 where the poll had not begun to wait.
    expect([200, 503]).toContain((await poll).status)
  })
})
