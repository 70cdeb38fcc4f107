import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { apiKeys } from "@magpie/server"
import { afterEach, describe, expect, it } from "vitest"
import { frame, openRaw, openWebSocket, type RawClient, until, upgradeRequest } from "./raw-client.ts"
import { startTestServer } from "./test-server.ts"

let running: Awaited<ReturnType<typeof startTestServer>>
afterEach(() => running.close())

async function answerTo(request: string): Promise<RawClient> {
  const client = await openRaw(running.port)
  client.write(request)
  await until(() => client.status !== undefined)
  return client
}

describe("opening handshake over TCP", () => {
  it("[F1] answers POST and HEAD with 405 and Allow, and closes", async () => {
    running = await startTestServer()
    for (const method of ["POST", "HEAD"]) {
      const client = await answerTo(upgradeRequest("/magpie", {}, method))
      expect(client.status).toBe(405)
      expect(client.head).toContain("Allow: GET")
      await until(() => client.closed)
    }
  })

  it("[F2] survives an Upgrade header that is missing or lost behind 2,000 others", async () => {
    running = await startTestServer()
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`x${index}`, "y"]))
    const flooded = await answerTo(
      `${upgradeRequest("/magpie", { Upgrade: undefined }).trimEnd()}\r\n${Object.keys(many)
        .map((name) => `${name}: y`)
        .join("\r\n")}\r\nUpgrade: websocket\r\n\r\n`,
    )
    expect([400, 426, 431]).toContain(flooded.status)
    expect((await answerTo(upgradeRequest("/magpie", { Upgrade: "h2c" }))).status).toBe(400)
    expect((await openWebSocket(running.port)).status).toBe(101)
  })

  it("[F3] [F4] [F5] [F6] answers a wrong version, key or subprotocol without an upgrade", async () => {
    running = await startTestServer()
    const cases: [Record<string, string | undefined>, number][] = [
      [{ "Sec-WebSocket-Version": "8" }, 426],
      [{ "Sec-WebSocket-Version": undefined }, 426],
      [{ "Sec-WebSocket-Key": "short" }, 400],
      [{ "Sec-WebSocket-Key": undefined }, 400],
      [{ "Sec-WebSocket-Protocol": `"b"${" ".repeat(12_000)}"x"` }, 400],
      [{ "Sec-WebSocket-Extensions": 'a;,="\\'.repeat(1_500) }, 400],
      [{ "Sec-WebSocket-Protocol": "graphql-ws" }, 400],
    ]
    for (const [headers, status] of cases) expect((await answerTo(upgradeRequest("/magpie", headers))).status).toBe(status)
    expect((await answerTo(upgradeRequest("/magpie", { "Sec-WebSocket-Version": "8" }))).head).toContain("Sec-WebSocket-Version: 13")
  })

  it("[F37] [F43] lets a ticket beside the subprotocol in once, and never echoes or logs it", async () => {
    running = await startTestServer({ auth: apiKeys({ keys: { "key-of-the-billing-service": { id: "billing" } } }) })
    const { port, server, lines } = running
    const ticket = server.tickets.issue({ user: { id: "ann" } })
    const enter = async () => {
      const client = await openWebSocket(port, "/magpie", { "Sec-WebSocket-Protocol": `magpie.v1.json, magpie.ticket.${ticket}` })
      client.write(frame(1, JSON.stringify({ type: "hello", version: 1 })))
      await until(() => client.text().length > 0)
      return client
    }
    const first = await enter()
    expect(JSON.parse(first.text()[0] ?? "")).toMatchObject({ type: "welcome", user: "ann" })
    const second = await enter()
    expect(JSON.parse(second.text()[0] ?? "")).toMatchObject({ type: "error", code: "UNAUTHORIZED" })
    await until(() => second.closeCode !== undefined)
    expect(second.closeCode).toBe(4502)
    for (const told of [first.head, second.head, JSON.stringify(lines), ...first.text(), ...second.text()])
      expect(told).not.toContain(ticket)
    await server.revoke({ user: "ann" })
    await until(() => first.closeCode !== undefined)
    expect(first.closeCode).toBe(4503)
  })

  it("[F6] [F43] echoes our subprotocol and never the token beside it", async () => {
    running = await startTestServer()
    const client = await openWebSocket(running.port, "/magpie", { "Sec-WebSocket-Protocol": "magpie.v1.json, magpie.token.canary-secret" })
    expect(client.status).toBe(101)
    expect(client.head).toContain("Sec-WebSocket-Protocol: magpie.v1.json")
    expect(client.head).not.toContain("canary")
    expect(JSON.stringify(running.lines)).not.toContain("canary")
  })

  it("[F7] refuses a foreign origin with 403 and a cookie without an origin too", async () => {
    running = await startTestServer()
    expect((await openWebSocket(running.port, "/magpie", { Origin: "https://evil.example" })).status).toBe(403)
    expect((await openWebSocket(running.port, "/magpie", { Cookie: "session=1" })).status).toBe(403)
    expect((await openWebSocket(running.port, "/magpie", { Origin: "http://127.0.0.1" })).status).toBe(101)
  })

  it("[F8] [F9] cuts slow and silent handshakes at the deadline (handshakeMs) while honest ones pass", async () => {
    running = await startTestServer({ limits: { handshakeMs: 5_000 } })
    const request = upgradeRequest("/magpie")
    const slow = await Promise.all(Array.from({ length: 250 }, () => openRaw(running.port)))
    const silent = await Promise.all(Array.from({ length: 250 }, () => openRaw(running.port)))
    let sent = 0
    const dripping = setInterval(() => {
      for (const client of slow) if (!client.closed) client.write(request[sent] ?? "")
      sent++
    }, 50)
    const honest = await openWebSocket(running.port)
    expect(honest.status).toBe(101)
    // By its own turn, not when those in front of it were cut.
    expect([...slow, ...silent].some((client) => !client.closed)).toBe(true)
    await until(() => [...slow, ...silent].every((client) => client.closed))
    clearInterval(dripping)
    expect(honest.closed).toBe(false)
  }, 60_000)

  it("[F10] survives 1,000 clients that are gone before they are answered", async () => {
    running = await startTestServer({ limits: { handshakesPerAddressPerSecond: 10_000 } })
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => openRaw(running.port)))
      for (const client of clients) {
        client.write(upgradeRequest("/magpie"))
        client.socket.resetAndDestroy()
      }
      await until(() => clients.every((client) => client.closed))
    }
    await until(() => running.server.connections.size === 0)
    expect((await openWebSocket(running.port)).status).toBe(101)
  })

  it("[F11] handles a frame that came in the same packet as the request", async () => {
    running = await startTestServer()
    const client = await openRaw(running.port)
    const early = frame(1, JSON.stringify({ type: "ping", id: 7 }))
    client.write(Buffer.concat([Buffer.from(upgradeRequest("/magpie")), early]))
    await until(() => client.text().some((text) => text.includes('"pong"')))
    expect(JSON.parse(client.text().at(-1) ?? "")).toEqual({ type: "pong", id: 7 })
  })

  it("[F12] answers a flood with closes that carry a hint, then with 503 and Retry-After (turnAwaysPerSecond)", async () => {
    running = await startTestServer({ limits: { handshakesPerAddressPerSecond: 1, turnAwaysPerSecond: 200 } })
    const clients = await Promise.all(Array.from({ length: 600 }, () => openWebSocket(running.port)))
    const upgraded = clients.filter((client) => client.status === 101)
    await until(() => upgraded.filter((client) => client.closeCode === 1013).length >= 20)
    expect(clients.filter((client) => client.status === 503 && client.head.includes("Retry-After")).length).toBeGreaterThan(10)
    const hints = upgraded.flatMap((client) =>
      client.frames.filter(({ opcode }) => opcode === 8).map(({ payload }) => payload.subarray(2).toString()),
    )
    expect(hints[0]).toMatch(/^overloaded;retryAfterMs=\d+$/)
  })

  it("[F12] connections holds for 300 that ask in one turn, and each place is free again when its link is gone", async () => {
    running = await startTestServer({ limits: { connections: 40 } })
    const http = createServer()
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
    running.server.attach(http)
    const { port } = http.address() as AddressInfo
    const links = new Set<unknown>()
    http.on("connection", (link) => {
      links.add(link)
      link.on("close", () => links.delete(link))
    })
    for (const round of [1, 2]) {
      const clients = await Promise.all(Array.from({ length: 300 }, () => openRaw(port)))
      await until(() => links.size === 300)
      for (const client of clients) client.write(upgradeRequest("/magpie"))
      await until(() => clients.every((client) => client.status !== undefined))
      expect(running.server.counters.accepted).toBe(40 * round)
      for (const client of clients) client.socket.resetAndDestroy()
      await until(() => links.size === 0)
    }
    await new Promise((resolve) => http.close(resolve))
  })

  it("[F13] closes 4501 when no hello comes in time (helloMs)", async () => {
    running = await startTestServer({ limits: { helloMs: 200 } })
    const client = await openWebSocket(running.port, "/magpie", { "Sec-WebSocket-Protocol": "magpie.v1.json" })
    await until(() => client.closeCode !== undefined)
    expect(client.closeCode).toBe(4501)
  })
})
