import { createServer as createHttpServer } from "node:http"
import { type AddressInfo, connect as connectTcp } from "node:net"
import { memoryStorage } from "@magpie/journal"
import { anonymous, createServer } from "@magpie/server"
import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { frame, openWebSocket, until } from "./raw-client.ts"
import { app, closedAfterEach, startTestServer } from "./test-server.ts"

const { start, closers } = closedAfterEach()

describe("the life of a server on real sockets", () => {
  it("[G12] ends although somebody holds half a request (closeMs)", async () => {
    const { port, close } = await start()
    const half = connectTcp(port, "127.0.0.1")
    half.on("error", () => {})
    await new Promise<void>((resolve) => half.write("GET / HTTP/1.1\r\nHost: x\r\n", () => resolve()))
    await close()
    await until(() => half.destroyed)
  })

  it("[G12] opens no port once it was closed", async () => {
    const { server, close } = await start()
    await close()
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: "CLOSED" })
    expect(() => server.attach(createHttpServer())).toThrow(expect.objectContaining({ code: "CLOSED" }))
    const late = createServer(app, { auth: anonymous(), log: () => {} })
    const listening = late.listen({ port: 0 })
    const closed = late.close({ spreadMs: 0 })
    await expect(listening).rejects.toMatchObject({ code: "CLOSED" })
    await closed
  })

  it("[G12] lets go of links and ports although its storage cannot close", async () => {
    const storage = { ...memoryStorage(), close: () => Promise.reject(new Error("the disk is gone")) }
    const running = await startTestServer({ storage })
    const client = await openWebSocket(running.port)
    await expect(running.close()).rejects.toThrow()
    await until(() => client.closed)
    await expect(fetch(`http://127.0.0.1:${running.port}/`)).rejects.toThrow()
  })

  it("leaves the upgrades of other paths to whoever else listens on an attached server", async () => {
    const http = createHttpServer()
    const others = new WebSocketServer({ noServer: true })
    http.on("upgrade", (request, stream, head) => {
      if (request.url === "/hmr") others.handleUpgrade(request, stream, head, (socket) => socket.send("hot"))
    })
    const server = createServer(app, { auth: anonymous(), log: () => {}, limits: { closeMs: 100 } })
    server.channel("chat/:room", { authorize: () => true })
    server.attach(http)
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
    closers.push(
      () => new Promise((resolve) => http.close(resolve)),
      () => server.close({ spreadMs: 0 }),
    )
    const { port } = http.address() as AddressInfo
    const socket = new WebSocket(`ws://127.0.0.1:${port}/hmr`)
    const said: string[] = []
    let failed: unknown
    socket.on("message", (data) => said.push(data.toString()))
    socket.on("error", (failure) => {
      failed = failure
    })
    await until(() => said.length === 1)
    socket.send("still here")
    const ours = await openWebSocket(port, "/magpie")
    expect([ours.status, failed, socket.readyState]).toEqual([101, undefined, WebSocket.OPEN])
    socket.terminate()
  })

  it("counts plain endpoints toward connections and connectionsPerAddress", async () => {
    const { port } = await start({ limits: { connectionsPerAddress: 2 } })
    const first = await openWebSocket(port, "/")
    await openWebSocket(port, "/")
    const third = await openWebSocket(port, "/")
    await until(() => third.closeCode !== undefined)
    expect(third.closeCode).toBe(4009)
    first.socket.destroy()
    await until(() => first.closed)
    const again = await openWebSocket(port, "/")
    again.write(frame(1, "room again"))
    await until(() => again.text().length === 1 || again.closed)
    expect(again.text()).toEqual(["room again"])
  })

  it("[F50] [F43] loses one connection to an async listener that rejects, and logs nothing of what it said", async () => {
    const { port, server, lines } = await start()
    server.endpoint("/parse", (socket) => {
      socket.on("message", async (data) => {
        JSON.parse(String(data))
      })
    })
    const victim = await openWebSocket(port, "/parse")
    victim.write(frame(1, "secret-canary"))
    await until(() => victim.closeCode !== undefined)
    expect(victim.closeCode).toBe(1011)
    expect(lines.map(({ event }) => event)).toContain("endpoint-failed")
    expect(JSON.stringify(lines)).not.toContain("canary")
  })

  it("says where it listens in a way that can be connected to, also on IPv6", async () => {
    const server = createServer(app, { auth: anonymous(), log: () => {} })
    closers.push(() => server.close({ spreadMs: 0 }))
    const { url, port } = await server.listen({ port: 0, host: "::1" })
    expect(url).toBe(`ws://[::1]:${port}/magpie`)
    expect(new URL(url).port).toBe(String(port))
  })
})
