import { memoryStorage } from "@magpie/journal"
import type { RawConnection } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, numbered, outcomeOf, publish, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const SPREAD_MS = 3_000

const hintOf = (raw: RawConnection): number => Number(/^restart;retryAfterMs=(\d+)$/.exec(raw.closedWith?.reason ?? "")?.[1])

describe("a paced drain", () => {
  it("[F84] is not ready first, then sends clients away over the window, each with a hint of its own", async () => {
    bed = await startChat()
    const raws: RawConnection[] = []
    for (let index = 0; index < 400; index++) raws.push(await greeted(bed))
    const closedAtMs = new Map<RawConnection, number>()
    expect(bed.server.ready).toBe(true)
    const closed = bed.server.close({ spreadMs: SPREAD_MS })
    expect(bed.server.ready).toBe(false)
    for (let ms = 0; ms <= SPREAD_MS + 500; ms += 50) {
      await bed.clock.advance(50)
      for (const raw of raws) if (raw.closedWith !== undefined && !closedAtMs.has(raw)) closedAtMs.set(raw, ms)
    }
    await closed
    expect(raws.map(({ closedWith }) => closedWith?.code)).toEqual(raws.map(() => 1012))
    for (let second = 0; second < 3; second++) {
      const here = [...closedAtMs.values()].filter((ms) => ms >= second * 1_000 && ms < (second + 1) * 1_000)
      expect(here.length).toBeGreaterThan(90)
    }
    const hints = raws.map(hintOf)
    expect(Math.min(...hints)).toBeLessThan(200)
    expect(Math.max(...hints)).toBeGreaterThan(SPREAD_MS - 200)
    expect(Math.max(...hints)).toBeLessThanOrEqual(SPREAD_MS)
    for (const raw of raws) expect(raw.replies.at(-1)).toEqual({ type: "go-away", reason: "restart", retryAfterMs: hintOf(raw) })
  })

  it("[F84] serves those whose turn has not come, and turns newcomers away until it is over", async () => {
    bed = await startChat()
    const raws: RawConnection[] = []
    for (let index = 0; index < 300; index++) raws.push(await greeted(bed))
    const closed = bed.server.close({ spreadMs: SPREAD_MS })
    await bed.clock.advance(SPREAD_MS / 2)
    const staying = raws.filter(({ closedWith }) => closedWith === undefined)
    expect(staying.length).toBeGreaterThan(100)
    expect(staying.length).toBeLessThan(200)
    for (const [index, raw] of staying.entries()) raw.send(publish(1, `${index}`, { key: `k${index}` }))
    const late = Array.from({ length: 30 }, () => bed.raw())
    await bed.clock.settle()
    for (const raw of staying) expect(raw.reply(1)).toMatchObject({ type: "published" })
    for (const { closedWith } of late) {
      expect(closedWith?.code).toBe(1012)
      expect(Number(/retryAfterMs=(\d+)/.exec(closedWith?.reason ?? "")?.[1])).toBeGreaterThanOrEqual(SPREAD_MS / 2)
    }
    await outcomeOf(bed, closed)
    await bed.clock.settle()
    expect(raws.every(({ closedWith }) => closedWith?.code === 1012)).toBe(true)
  })

  it("[F84][G1] closes a client when its publishes are answered, and refuses what it sends after it was told to go", async () => {
    bed = await startChat({ storage: (env) => memoryStorage({ env, commitDelayMs: 2_000 }) })
    const raws: RawConnection[] = []
    for (let index = 0; index < 100; index++) raws.push(await greeted(bed))
    for (const [index, raw] of raws.entries()) raw.send(publish(1, `${index}`, { sequence: 1 }))
    await bed.clock.settle()
    const closed = bed.server.close({ spreadMs: SPREAD_MS })
    await bed.clock.advance(500)
    const told = raws.filter((raw) => raw.of("go-away").length === 1)
    expect(told.length).toBeGreaterThan(30)
    expect(told.length).toBeLessThan(70)
    for (const raw of told) raw.send(publish(2, "too late", { sequence: 2 }), { type: "subscribe", id: 3, channel: "chat/a" })
    await bed.clock.advance(100)
    for (const raw of told) {
      for (const id of [2, 3]) expect(raw.reply(id)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true })
      expect(raw.closedWith).toBeUndefined()
    }
    await outcomeOf(bed, closed)
    await bed.clock.settle()
    for (const raw of raws) {
      expect(raw.reply(1)).toMatchObject({ type: "published" })
      expect(raw.closedWith).toMatchObject({ code: 1012 })
    }
  })

  it("[F88] is hurried by a second close: the rest goes at once, stored and told", async () => {
    bed = await startChat()
    const raws: RawConnection[] = []
    for (let index = 0; index < 300; index++) raws.push(await greeted(bed))
    const closed = bed.server.close({ spreadMs: SPREAD_MS })
    await bed.clock.advance(200)
    expect(bed.server.connections.size).toBeGreaterThan(250)
    const stored = bed.server.channel("chat/a").publish("say", { text: "kept" })
    const hurried = bed.server.close({ spreadMs: 0 })
    await bed.clock.advance(10)
    await Promise.all([closed, hurried])
    expect((await stored).position.offset).toBe(1)
    await bed.clock.settle()
    expect(raws.every(({ closedWith }) => closedWith?.code === 1012)).toBe(true)
  })

  it("[F84][G1][G2][G4] loses and doubles nothing for a hundred clients that talk through it, and brings them back over the window", async () => {
    const disk = memoryStorage()
    bed = await startChat({ storage: disk, limits: { messagesPerAddressPerSecond: 100_000 } })
    bed.network.latencyMs = 5
    const clients = Array.from({ length: 100 }, () => bed.connect())
    const listener = listen(bed.connect())
    await bed.clock.until(() => listener.isLive() && clients.every(({ status }) => status.state === "online"))
    const back = new Map<number, number>()
    const texts: string[] = []
    const receipts: Promise<{ readonly position: { readonly offset: number } }>[] = []
    const talk = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        for (const client of clients.slice(0, 20)) {
          texts.push(`${texts.length}`)
          receipts.push(say(client, texts.at(-1) ?? ""))
        }
        await bed.clock.advance(50)
      }
    }
    await talk(5)
    const closed = bed.server.close({ spreadMs: SPREAD_MS })
    await talk(10)
    await outcomeOf(bed, closed)
    const downAtMs = bed.clock.monotonic()
    for (const [index, client] of clients.entries()) {
      client.on("status", ({ to }) => to === "online" && back.set(index, bed.clock.monotonic() - downAtMs))
    }
    bed.kill()
    await bed.start(disk.crash())
    await talk(10)
    const offsets = (await outcomeOf(bed, Promise.all(receipts))).map(({ position }) => position.offset)
    await bed.clock.until(() => listener.heard.length >= texts.length, 60_000)
    await bed.clock.until(() => back.size === clients.length, 60_000)
    expect(new Set(offsets).size).toBe(texts.length)
    expect([...listener.texts].sort()).toEqual([...texts].sort())
    expect(listener.heard).toEqual(numbered(listener.texts))
    expect(listener.gaps).toEqual([])
    // Full spread, and the jitter and second try of the client on top.
    const times = [...back.values()]
    expect(Math.max(...times)).toBeLessThanOrEqual(SPREAD_MS * 3)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(SPREAD_MS / 2)
  })
})
