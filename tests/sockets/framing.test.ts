import { afterEach, describe, expect, it } from "vitest"
import { frame, openWebSocket, type RawClient, until } from "./raw-client.ts"
import { startTestServer } from "./test-server.ts"

let running: Awaited<ReturnType<typeof startTestServer>>
afterEach(() => running.close())

async function closeCodeAfter(client: RawClient, ...frames: readonly Buffer[]): Promise<number | undefined> {
  client.write(Buffer.concat(frames))
  await until(() => client.closeCode !== undefined || client.closed)
  return client.closeCode
}

const text = (value: unknown): Buffer => frame(1, JSON.stringify(value))

describe("framing", () => {
  it("[F15] fails an unmasked client frame with 1002, and masks nothing itself", async () => {
    running = await startTestServer()
    const client = await openWebSocket(running.port)
    await until(() => client.frames.length > 0)
    expect(client.frames.every((one) => !one.masked)).toBe(true)
    expect(await closeCodeAfter(client, frame(1, "hi", { masked: false }))).toBe(1002)
  })

  it("[F16] fails reserved bits, unknown opcodes and bad control frames with 1002", async () => {
    running = await startTestServer()
    const cases = [
      frame(1, "x", { reserved: 0x40 }),
      frame(1, "x", { reserved: 0x20 }),
      frame(1, "x", { reserved: 0x10 }),
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => frame(opcode, "x")),
      frame(9, Buffer.alloc(126)),
      frame(9, "x", { fin: false }),
    ]
    for (const bad of cases) expect(await closeCodeAfter(await openWebSocket(running.port), bad)).toBe(1002)
  })

  it("[F17] fails invalid UTF-8, also when it is split, with 1007", async () => {
    running = await startTestServer()
    expect(await closeCodeAfter(await openWebSocket(running.port), frame(1, Buffer.from([0xc3, 0x28])))).toBe(1007)
    const split = [frame(1, Buffer.from([0xf0, 0x9f]), { fin: false }), frame(0, Buffer.from([0x28, 0x28]))]
    expect(await closeCodeAfter(await openWebSocket(running.port), ...split)).toBe(1007)
  })

  it("[F18] [F19] refuses a length from the header alone (messageBytes)", async () => {
    running = await startTestServer()
    for (const claimedLength of [1n << 63n, (1n << 53n) + 1n, 100n * 1024n * 1024n]) {
      const code = await closeCodeAfter(await openWebSocket(running.port), frame(1, "", { claimedLength }))
      expect([1002, 1009]).toContain(code)
    }
  })

  it("[F20] takes 4 MiB in 64-byte fragments when the limit allows it, and bounds empty ones (messageFragments)", async () => {
    running = await startTestServer({ limits: { messageBytes: 5 * 1024 * 1024 } })
    const client = await openWebSocket(running.port, "/")
    const payload = Buffer.alloc(4 * 1024 * 1024, "x")
    const pieces: Buffer[] = []
    for (let at = 0; at < payload.length; at += 64) {
      pieces.push(frame(at === 0 ? 1 : 0, payload.subarray(at, at + 64), { fin: at + 64 >= payload.length }))
    }
    client.write(Buffer.concat(pieces))
    await until(() => client.text().length === 1 || client.closed)
    expect(client.text()[0]?.length).toBe(payload.length)
    const flooder = await openWebSocket(running.port, "/")
    const empty = Buffer.concat(Array.from({ length: 140_000 }, (_, index) => frame(index === 0 ? 1 : 0, "", { fin: false })))
    expect(await closeCodeAfter(flooder, empty)).toBe(1008)
  }, 30_000)

  it("[F21] reads a 64 KiB message that comes one byte a segment", async () => {
    running = await startTestServer({ limits: { messageBytes: 70_000 } })
    const client = await openWebSocket(running.port, "/")
    client.socket.setNoDelay(true)
    for (const byte of frame(1, "x".repeat(65_536))) client.write(Uint8Array.of(byte))
    await until(() => client.text().length === 1 || client.closed)
    expect(client.text()[0]).toHaveLength(65_536)
  }, 30_000)

  it("[F22] owes one pong at a time and closes 4006 on a flood of pings (pingsPerSecond)", async () => {
    running = await startTestServer()
    const client = await openWebSocket(running.port)
    client.write(frame(9, "once"))
    await until(() => client.frames.some(({ opcode }) => opcode === 10))
    expect(client.frames.find(({ opcode }) => opcode === 10)?.payload.toString()).toBe("once")
    expect(await closeCodeAfter(client, ...Array.from({ length: 10_000 }, (_, index) => frame(9, String(index))))).toBe(4006)
    expect(client.frames.filter(({ opcode }) => opcode === 10).length).toBeLessThan(200)
  })

  it("[F23] answers bad closes as RFC 6455 says and ignores what follows a close", async () => {
    running = await startTestServer()
    const code = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
    for (const bad of [Buffer.from([3]), ...[999, 1005, 1006, 1015, 2999].map(code)]) {
      expect(await closeCodeAfter(await openWebSocket(running.port), frame(8, bad))).toBe(1002)
    }
    expect(await closeCodeAfter(await openWebSocket(running.port), frame(8, Buffer.concat([code(1000), Buffer.from([0xc3, 0x28])])))).toBe(
      1007,
    )
    const polite = await openWebSocket(running.port, "/")
    expect(await closeCodeAfter(polite, frame(8, code(1000)), frame(1, "late"), frame(8, code(1000)))).toBe(1000)
    expect(polite.text()).toEqual([])
  })

  it("[F24] drops the link when the other side never answers a close (closeMs)", async () => {
    running = await startTestServer({ limits: { closeMs: 200, helloMs: 100 } })
    const client = await openWebSocket(running.port, "/magpie", { "Sec-WebSocket-Protocol": "magpie.v1.json" })
    await until(() => client.closeCode === 4501)
    await until(() => client.closed)
    expect(client.closed).toBe(true)
  })

  it("[F24] delivers no part of a message whose sender leaves in its middle", async () => {
    running = await startTestServer()
    const watcher = await openWebSocket(running.port)
    watcher.write(text({ type: "subscribe", channel: "chat/a", id: 1 }))
    await until(() => watcher.text().some((line) => line.includes('"subscribed"')))
    const cut = await openWebSocket(running.port)
    cut.write(frame(1, '{"type":"publish","channel":"chat/a","name":"say",', { fin: false }))
    cut.socket.end()
    await until(() => running.server.connections.size === 1)
    const honest = await openWebSocket(running.port)
    honest.write(text({ type: "publish", channel: "chat/a", name: "say", data: "whole", id: 1 }))
    await until(() => watcher.text().some((line) => line.includes('"message"')))
    expect(watcher.text().filter((line) => line.includes('"message"'))).toHaveLength(1)
  })

  it("[F25] fails a data frame inside a fragmented message, and answers a ping between fragments", async () => {
    running = await startTestServer()
    const client = await openWebSocket(running.port, "/")
    client.write(Buffer.concat([frame(1, "one ", { fin: false }), frame(9, "now"), frame(0, "whole")]))
    await until(() => client.text().length === 1)
    expect(client.text()).toEqual(["one whole"])
    expect(client.frames[0]?.opcode).toBe(10)
    expect(await closeCodeAfter(client, frame(1, "a", { fin: false }), frame(1, "b"))).toBe(1002)
  })
})
