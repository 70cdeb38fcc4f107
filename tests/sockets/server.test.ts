import { createServer as createHttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { anonymous, createServer, jwt } from "@magpie/server"
import { SignJWT } from "jose"
import { generate } from "selfsigned"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { frame, openWebSocket, until } from "./raw-client.ts"
import { app, closedAfterEach } from "./test-server.ts"

const { start, closers } = closedAfterEach()

describe("server on real sockets", () => {
  it("serves Magpie's protocol and plain endpoints side by side", async () => {
    const { port } = await start()
    const client = connect<typeof app>(`ws://127.0.0.1:${port}`)
    closers.push(() => client.close())
    const receipt = await client.channel("chat/lobby").send("say", { text: "你好" })
    expect(receipt).toMatchObject({ position: { offset: 1 }, level: "memory" })
    const plain = await openWebSocket(port, "/")
    plain.write(frame(1, "Hello Server!"))
    await until(() => plain.text().length === 1)
    expect(plain.text()).toEqual(["Hello Server!"])
    expect((await openWebSocket(port, "/nothing")).status).toBe(404)
  })

  it("lets a token in and nobody else", async () => {
    const secret = "a secret of at least thirty-two bytes"
    const { port, server } = await start({ auth: jwt({ secret }) })
    const token = await new SignJWT({})
      .setSubject("ann")
      .setExpirationTime("1h")
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(secret))
    const ann = connect<typeof app>(`ws://127.0.0.1:${port}`, { token })
    const stranger = connect<typeof app>(`ws://127.0.0.1:${port}`)
    closers.push(
      () => ann.close(),
      () => stranger.close(),
    )
    await ann.channel("chat/lobby").send("say", 1)
    expect(server.connections.ofUser("ann")).toHaveLength(1)
    await until(() => stranger.status.state === "closed")
    expect(stranger.status).toMatchObject({ cause: { code: "UNAUTHORIZED" } })
  })

  it("speaks wss with a certificate", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }])
    const { port } = await start({}, { tls: { cert, key } })
    const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false })
    const answers: string[] = []
    socket.on("open", () => socket.send("Hello Server!"))
    socket.on("message", (data) => answers.push(data.toString()))
    await until(() => answers.length === 1)
    expect(answers).toEqual(["Hello Server!"])
    socket.terminate()
  })

  it("takes the upgrades of an HTTP server that exists, and gives them back", async () => {
    const http = createHttpServer((_request, response) => response.end("page"))
    const server = createServer(app, { auth: anonymous(), limits: { closeMs: 100 }, log: () => {} })
    server.channel("chat/:room", { authorize: () => true })
    const detach = server.attach(http)
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
    closers.push(
      () => new Promise((resolve) => http.close(resolve)),
      () => server.close({ spreadMs: 0 }),
    )
    const { port } = http.address() as AddressInfo
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("page")
    const client = connect<typeof app>(`ws://127.0.0.1:${port}`)
    await client.channel("chat/lobby").send("say", 1)
    await client.close()
    detach()
    expect(http.listenerCount("upgrade")).toBe(0)
  })

  it("[F50] loses one connection to an endpoint that throws, and nothing else", async () => {
    const { port, server, lines } = await start()
    server.endpoint("/broken", (socket) => {
      socket.on("message", () => {
        throw new Error("a handler's own mistake")
      })
    })
    const victim = await openWebSocket(port, "/broken")
    victim.write(frame(1, "x"))
    await until(() => victim.closeCode !== undefined)
    expect(victim.closeCode).toBe(1011)
    expect(lines.map((line) => line.event)).toContain("endpoint-failed")
    const honest = await openWebSocket(port, "/")
    honest.write(frame(1, "y"))
    await until(() => honest.text().length === 1)
  })

  it("[F7] lets an endpoint have an origin policy of its own", async () => {
    const { port, server } = await start()
    server.endpoint("/open", () => {}, { origins: "any" })
    const foreign = { Origin: "https://elsewhere.example" }
    expect((await openWebSocket(port, "/open", foreign)).status).toBe(101)
    expect((await openWebSocket(port, "/", foreign)).status).toBe(403)
    expect((await openWebSocket(port, "/magpie", foreign)).status).toBe(403)
  })

  it("no longer counts a plain socket when its close is told", async () => {
    const { port, server } = await start()
    const counts: number[] = []
    const endpoint = server.endpoint("/count", (socket) => {
      socket.on("close", () => counts.push(endpoint.clients.size))
    })
    const client = await openWebSocket(port, "/count")
    await until(() => endpoint.clients.size === 1)
    client.socket.destroy()
    await until(() => counts.length === 1)
    expect(counts).toEqual([0])
  })

  it("[F84] tells everybody to come back, acknowledges what was accepted and leaves nothing behind", async () => {
    const { port, server } = await start()
    const socket = await openWebSocket(port, "/magpie")
    socket.write(frame(1, JSON.stringify({ type: "publish", channel: "chat/a", name: "say", data: 1, id: 5 })))
    await until(() => server.channel("chat/a").position.offset === 1)
    await server.close({ spreadMs: 1_000 })
    await until(() => socket.closed)
    const types = socket.text().map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual(["welcome", "published", "go-away"])
    expect(socket.closeCode).toBe(1012)
    expect(socket.frames.at(-1)?.payload.subarray(2).toString()).toMatch(/^restart;retryAfterMs=\d+$/)
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  })
})
