import { createServer as createHttpServer, type Server as HttpServer } from "node:http"
import { type AddressInfo, connect as connectSocket } from "node:net"
import { apiKeys, createServer, type Server } from "@magpie/server"
import { describe, expect, it } from "vitest"
import { openRaw, type RawClient, until } from "./raw-client.ts"
import { app, closedAfterEach } from "./test-server.ts"

const { start, closers } = closedAfterEach()

const KEY = "a key of sixteen characters"
const auth = apiKeys({ keys: { [KEY]: { id: "backend", api: { may: "everything", channels: "any", users: "any" } } } })
const API = "/magpie/api/v1"
const say = JSON.stringify({ channel: "chat/a", name: "say", data: "x" })

function post(path: string, headers: Readonly<Record<string, string | number>>, body = ""): string {
  const lines = Object.entries({ Host: "127.0.0.1", "X-Api-Key": KEY, "Content-Type": "application/json", ...headers })
  return `POST ${API}${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n${body}`
}

/** A connection that keeps everything it was told. */
async function openText(port: number): Promise<{ readonly client: RawClient; text(): string }> {
  const client = await openRaw(port)
  let text = ""
  client.socket.on("data", (chunk) => {
    text += chunk.toString()
  })
  return { client, text: () => text }
}

/** Lets an HTTP server listen until the test is over; resolves when what is attached to it is ready. */
async function listening(http: HttpServer, server: Pick<Server<typeof app>, "ready" | "close">): Promise<number> {
  closers.push(
    () => server.close({ spreadMs: 0 }),
    () =>
      new Promise((resolve) => {
        http.close(resolve)
        http.closeAllConnections()
      }),
  )
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  await until(() => server.ready)
  return (http.address() as AddressInfo).port
}

describe("the HTTP API on real sockets", () => {
  it("[G1] publishes for whoever speaks HTTP, and keeps the connection for the next request", async () => {
    const { port, server } = await start({ auth })
    const { client, text } = await openText(port)
    for (let index = 1; index <= 3; index++) {
      client.write(post("/publish", { "Content-Length": say.length }, say))
      await until(() => text().split("HTTP/1.1 200").length === index + 1)
    }
    expect(server.channel("chat/a").position.offset).toBe(3)
    client.write(post("/publish", { "Transfer-Encoding": "chunked" }, `${say.length.toString(16)}\r\n${say}\r\n0\r\n\r\n`))
    client.write(`HEAD ${API}/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET ${API}/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await until(() => text().includes('{"status":"ready"}'))
    expect(text().split("HTTP/1.1 200").length - 1).toBe(6)
    expect(text()).not.toContain('{"status":"ok"}')
    expect(client.closed).toBe(false)
  })

  it("[F46] refuses a body that is too long from its head alone, before it is asked for", async () => {
    const { port } = await start({ auth, limits: { apiBodyBytes: 1_000 } })
    const { client, text } = await openText(port)
    client.write(post("/publish", { "Content-Length": 1_001, Expect: "100-continue" }))
    await until(() => text().includes("\r\n\r\n"))
    expect(text()).toMatch(/^HTTP\/1\.1 413 /)
    expect(text()).toContain('"code":"TOO_LARGE"')
    expect(text()).not.toContain("100 Continue")
    await until(() => client.closed)

    const honest = await openText(port)
    honest.client.write(post("/publish", { "Content-Length": say.length, Expect: "100-continue" }))
    await until(() => honest.text().includes("100 Continue"))
    honest.client.write(say)
    await until(() => honest.text().includes("HTTP/1.1 200"))
  })

  it("[F46] stops keeping a body of unknown length at the limit, and answers its sender all the same", async () => {
    const { port } = await start({ auth, limits: { apiBodyBytes: 1_000 } })
    const { client, text } = await openText(port)
    client.write(post("/publish", { "Transfer-Encoding": "chunked" }))
    const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`
    for (let sent = 0; sent < 20; sent++) client.write(chunk)
    await until(() => text().includes("HTTP/1.1 413"))
    client.write("0\r\n\r\n")
    client.write(`GET ${API}/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await until(() => text().includes('{"status":"ok"}'))
  })

  it("[F46] cuts a sender that goes on with what was refused, long before its end", async () => {
    const { port } = await start({ auth })
    const socket = connectSocket(port, "127.0.0.1")
    let closed = false
    socket.on("error", () => {})
    socket.on("close", () => {
      closed = true
    })
    socket.write(post("/publish", { "Content-Length": 100_000_000 }))
    const flood = Buffer.alloc(65_536, " ")
    const pour = (): void => {
      while (!closed && socket.write(flood));
    }
    socket.on("drain", pour)
    pour()
    await until(() => closed)
    expect(socket.bytesWritten).toBeLessThan(50_000_000)
  })

  it("[F8] cuts a body that comes too slowly, and says so", async () => {
    const { port, server } = await start({ auth, limits: { apiBodyMs: 200 } })
    const { client, text } = await openText(port)
    client.write(post("/publish", { "Content-Length": say.length }, say.slice(0, 5)))
    await until(() => text().includes("\r\n\r\n"))
    expect(text()).toMatch(/^HTTP\/1\.1 408 /)
    expect(text()).toContain("nothing was done")
    expect(server.channel("chat/a").position.offset).toBe(0)
  })

  it("[F10] forgets a sender that leaves in the middle of its body", async () => {
    const { port, server, lines } = await start({ auth })
    for (let index = 0; index < 50; index++) {
      const client = await openRaw(port)
      client.write(post("/publish", { "Content-Length": say.length }, say.slice(0, 5)))
      client.socket.destroy()
    }
    await until(() => lines.filter(({ event }) => event === "api-unanswered").length === 50)
    const answered = await fetch(`http://127.0.0.1:${port}${API}/publish`, {
      method: "POST",
      headers: { "X-Api-Key": KEY, "Content-Type": "application/json" },
      body: say,
    })
    expect(answered.status).toBe(200)
    expect(server.channel("chat/a").position.offset).toBe(1)
  })

  it("[F10] forgets a sender that leaves while it is looked at who it is", async () => {
    const asked: (() => void)[] = []
    const slow: typeof auth = {
      authenticate: async (...given) => {
        await new Promise<void>((resolve) => asked.push(resolve))
        return auth.authenticate(...given)
      },
    }
    const { port, lines } = await start({ auth: slow, limits: { apiBodyMs: 3_600_000 } })
    const { client } = await openText(port)
    client.write(post("/publish", { "Content-Length": say.length }))
    await until(() => asked.length === 1)
    client.socket.destroy()
    // Whoever comes later is answered when the server knows that the first one has left.
    const next = await openText(port)
    next.client.write(`GET ${API}/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await until(() => next.text().includes('{"status":"ok"}'))
    asked[0]?.()
    await until(() => lines.some(({ event }) => event === "api-unanswered"))
  })

  it("[F14] counts by the address that a trusted proxy names, and by no other", async () => {
    const limits = { apiRequestsPerAddressPerSecond: 0.001 }
    const statuses = async (port: number) => {
      const told: number[] = []
      for (const forwarded of ["198.51.100.1", "198.51.100.2", "198.51.100.1"]) {
        const headers = { "X-Api-Key": KEY, "X-Forwarded-For": forwarded }
        told.push((await fetch(`http://127.0.0.1:${port}${API}/history?channel=chat/a`, { headers })).status)
      }
      return told
    }
    expect(await statuses((await start({ auth, limits })).port)).toEqual([200, 429, 429])
    expect(await statuses((await start({ auth, limits, trustedProxies: ["127.0.0.1"] })).port)).toEqual([200, 200, 429])
  })

  it("stands beside pages and endpoints, and answers on an HTTP server that exists", async () => {
    const { port } = await start({ auth }, { http: (_request, response) => response.end("page") })
    expect(await (await fetch(`http://127.0.0.1:${port}/magpie/api`)).text()).toBe("page")
    expect((await fetch(`http://127.0.0.1:${port}${API}/nothing`)).status).toBe(404)

    const server = createServer(app, { auth, limits: { closeMs: 100 }, log: () => {} })
    const http = createHttpServer((request, response) => {
      if (!server.api(request, response)) response.end("mine")
    })
    server.attach(http)
    const theirs = await listening(http, server)
    expect(await (await fetch(`http://127.0.0.1:${theirs}/`)).text()).toBe("mine")
    expect(await (await fetch(`http://127.0.0.1:${theirs}${API}/ready`)).json()).toEqual({ status: "ready" })
  })

  it("says what is wrong where somebody read the body before it", async () => {
    const server = createServer(app, { auth, limits: { closeMs: 100 }, log: () => {} })
    const http = createHttpServer((request, response) => {
      request.on("end", () => server.api(request, response)).resume()
    })
    server.attach(http)
    const port = await listening(http, server)
    const answered = await fetch(`http://127.0.0.1:${port}${API}/publish`, {
      method: "POST",
      headers: { "X-Api-Key": KEY, "Content-Type": "application/json" },
      body: say,
    })
    expect(answered.status).toBe(500)
    expect(await answered.json()).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("attach it first") })
  })

  it("[F84] [G12] answers what it took before it closes, and leaves nothing behind", async () => {
    const { port, server } = await start({ auth })
    const { client, text } = await openText(port)
    client.write(post("/publish", { "Content-Length": say.length }, say))
    await until(() => server.channel("chat/a").position.offset === 1)
    await server.close({ spreadMs: 0 })
    await until(() => client.closed)
    expect(text()).toMatch(/^HTTP\/1\.1 200 /)
  })
})
