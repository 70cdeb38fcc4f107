import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { until } from "./raw-client.ts"
import { closedAfterEach } from "./test-server.ts"

const { start, closers } = closedAfterEach()

const LIMIT = 262_144
const PAD = "x".repeat(16_000)

interface Said {
  readonly type: string
  readonly skipped?: number
  readonly offset?: number
  readonly data?: { readonly n: number }
}

/** Somebody on a real socket, who may stop reading. */
async function follow(port: number, channel: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/magpie`, "magpie.v1.json")
  closers.push(async () => socket.terminate())
  const said: Said[] = []
  socket.on("message", (data) => {
    for (const line of data.toString().split("\n")) said.push(JSON.parse(line))
  })
  socket.on("error", () => {})
  socket.on("open", () => socket.send(`{"type":"hello","version":1}\n{"type":"subscribe","id":1,"channel":"${channel}"}`))
  await until(() => said.some(({ type }) => type === "subscribed"))
  const of = (type: string): Said[] => said.filter((one) => one.type === type)
  return { socket, of, numbers: () => of("message").map(({ data }) => data?.n) }
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("a subscriber that stops reading a real socket", () => {
  it("[F77][F78][G6] of a broadcast costs at most queuedBytes, slows nobody, and is told exactly what it missed", async () => {
    const { server, port } = await start()
    const [slow, healthy] = [await follow(port, "signal/a"), await follow(port, "signal/a")]
    slow.socket.pause()
    let count = 0
    // However much the kernel keeps for one that does not read.
    while ((server.counters["skipped{slow}"] ?? 0) < 200) {
      for (let index = 0; index < 4; index++) server.channel("signal/a").publish("ping", { n: count++, pad: PAD })
      await turn()
      expect(server.counters.queuedBytes).toBeLessThanOrEqual(2 * LIMIT)
      await until(() => healthy.of("message").length === count)
      expect(server.counters.queuedBytes).toBeLessThanOrEqual(LIMIT)
    }
    expect(healthy.numbers()).toEqual(upTo(0, count))
    slow.socket.resume()
    await until(() => slow.numbers().at(-1) === count - 1)
    const [gap, ...more] = slow.of("gap")
    const skipped = Number(gap?.skipped)
    const before = slow.numbers().findIndex((n, index) => n !== index)
    expect(more).toEqual([])
    expect(slow.numbers()).toEqual([...upTo(0, before), ...upTo(before + skipped, count)])
    expect(server.counters["skipped{slow}"]).toBe(skipped)
  }, 60_000)

  it("[F77][G4] of a stream costs at most queuedBytes, and has everything when it reads again", async () => {
    const { server, port } = await start()
    const [slow, healthy] = [await follow(port, "chat/a"), await follow(port, "chat/a")]
    slow.socket.pause()
    let count = 0
    for (let full = 0; full < 20; full += Number(server.counters.queuedBytes) > LIMIT / 2 ? 1 : 0) {
      const stored = Array.from({ length: 8 }, () => server.channel("chat/a").publish("say", { n: count++, pad: PAD }))
      await Promise.all(stored)
      await until(() => healthy.of("message").length === count)
      expect(server.counters.queuedBytes).toBeLessThanOrEqual(LIMIT)
    }
    slow.socket.resume()
    await until(() => slow.of("message").length === count)
    expect(slow.numbers()).toEqual(upTo(0, count))
    expect(slow.of("gap")).toEqual([])
  }, 60_000)

  it("[F77] of a plain endpoint is cut with 4003 at queuedBytes", async () => {
    const { server, port } = await start()
    let sent = 0
    server.endpoint("/flood", (socket) => {
      while (socket.open) {
        socket.send(PAD)
        sent++
      }
    })
    const socket = new WebSocket(`ws://127.0.0.1:${port}/flood`)
    let code: number | undefined
    let heard = 0
    socket.on("message", () => heard++)
    socket.on("close", (closed) => {
      code = closed
    })
    await until(() => code !== undefined)
    expect([code, heard]).toEqual([4003, sent - 1])
  })
})
