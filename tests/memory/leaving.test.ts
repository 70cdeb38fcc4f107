import { memoryStorage, type Storage } from "@magpie/journal"
import { type Env, MagpieError } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, greeted, listen, numbered, outcomeOf, publish, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

/** Closes the running server as a deploy does, while the clock goes on. */
async function leave(spreadMs?: number): Promise<void> {
  await outcomeOf(bed, bed.server.close(spreadMs === undefined ? {} : { spreadMs }))
}

/** A disk that takes its time to close and cannot be read meanwhile, as a real one. */
function strict(env: Env): Storage {
  const storage = memoryStorage({ env })
  let closed = false
  const open = <T>(value: T): T => {
    if (closed) throw new MagpieError("CLOSED", "read from a closed storage")
    return value
  }
  return {
    level: storage.level,
    incarnation: storage.incarnation,
    get: (key) => open(storage.get(key)),
    range: (options) => open(storage.range(options)),
    commit: (writes) => storage.commit(writes),
    async close() {
      closed = true
      await new Promise<void>((resolve) => void env.clock.setTimer(50, resolve))
      await storage.close()
    },
  }
}

describe("a server that closes", () => {
  it("says go-away, then 1012 with a hint within the spread, and nothing after it", async () => {
    bed = await startChat()
    const raws = []
    for (let index = 0; index < 50; index++) raws.push(await greeted(bed))
    await leave(3_000)
    await bed.clock.settle()
    const hints = raws.map(({ replies, closedWith }) => {
      const last = replies.at(-1)
      const hint = Number(/^restart;retryAfterMs=(\d+)$/.exec(closedWith?.reason ?? "")?.[1])
      expect(closedWith?.code).toBe(1012)
      expect(last).toEqual({ type: "go-away", reason: "restart", retryAfterMs: hint })
      return hint
    })
    expect(Math.max(...hints)).toBeLessThanOrEqual(3_000)
    expect(new Set(hints).size).toBeGreaterThan(30)
  })

  it("[G1] stores and acknowledges what it has accepted before it goes, and refuses the rest with UNAVAILABLE", async () => {
    bed = await startChat({ storage: (env) => memoryStorage({ env, commitDelayMs: 50 }) })
    const raw = await greeted(bed)
    raw.send(publish(1, "under way", { sequence: 1 }))
    await bed.clock.advance(10)
    raw.send(publish(2, "in line", { sequence: 2 }))
    await bed.clock.settle()
    const closed = bed.server.close({ spreadMs: 0 })
    raw.send(
      publish(3, "too late", { sequence: 3 }),
      { type: "subscribe", id: 4, channel: "chat/a" },
      { type: "history", id: 5, channel: "chat/a" },
    )
    await outcomeOf(bed, closed)
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 2 } })
    for (const id of [3, 4, 5]) expect(raw.reply(id)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true })
    expect(
      raw.replies
        .map(({ id }) => id)
        .filter((id) => id !== undefined)
        .sort(),
    ).toEqual([1, 2, 3, 4, 5])
    expect(raw.closedWith).toMatchObject({ code: 1012 })
  })

  it("[G1] stores what code on the server published right before, and refuses what comes after with CLOSED", async () => {
    const disk = memoryStorage()
    bed = await startChat({ storage: disk })
    const channel = bed.server.channel("chat/a")
    const accepted = Array.from({ length: 100 }, (_, index) => channel.publish("say", { text: `${index}` }))
    const closed = bed.server.close()
    const late = await failureOf(bed, channel.publish("say", { text: "late" }))
    await outcomeOf(bed, closed)
    expect(late).toMatchObject({ code: "CLOSED" })
    expect((await Promise.all(accepted)).map(({ position }) => position.offset)).toEqual(accepted.map((_, index) => index + 1))
    await bed.start(disk.crash())
    expect(bed.server.channel("chat/a").position.offset).toBe(100)
  })

  it("[G1][G2][G3] loses and doubles nothing for clients that go on publishing over three restarts", async () => {
    let disk = memoryStorage()
    bed = await startChat({ storage: disk })
    bed.network.latencyMs = 7
    const ann = bed.connect()
    const listener = listen(bed.connect())
    await bed.clock.until(listener.isLive)
    const receipts: Promise<unknown>[] = []
    const texts: string[] = []
    const talk = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        texts.push(`${texts.length}`)
        receipts.push(say(ann, texts.at(-1) ?? ""))
        await bed.clock.advance(3)
      }
    }
    for (let restart = 0; restart < 3; restart++) {
      await talk(50)
      const closed = bed.server.close({ spreadMs: 500 })
      await talk(20)
      await outcomeOf(bed, closed)
      disk = disk.crash()
      bed.kill()
      await bed.start(disk)
    }
    await talk(20)
    await outcomeOf(bed, Promise.all(receipts))
    await bed.clock.until(() => listener.heard.length >= texts.length)
    await bed.clock.advance(10_000)
    expect(listener.heard).toEqual(numbered(texts))
    expect(listener.gaps).toEqual([])
  })

  it("[G11] reads nothing from a storage that it is closing, whoever was catching up", async () => {
    bed = await startChat({ storage: strict })
    const channel = bed.server.channel("chat/a")
    const text = "x".repeat(5_000)
    await Promise.all([...Array.from({ length: 200 }, () => channel.publish("say", { text })), bed.clock.settle()])
    const raw = await greeted(bed)
    bed.network.stallReaders(true)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch: channel.position.epoch, offset: 0 } })
    await bed.clock.settle()
    const closed = bed.server.close({ spreadMs: 0 })
    await bed.clock.advance(10)
    bed.network.stallReaders(false)
    raw.send({ type: "ping", id: 2, positions: { "chat/a": 0 } })
    await outcomeOf(bed, closed)
    await bed.clock.settle()
    expect(raw.of("message").length).toBeLessThan(200)
    expect(raw.of("unsubscribed")).toMatchObject([{ channel: "chat/a", code: "UNAVAILABLE" }])
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "UNAVAILABLE" })
    expect(raw.closedWith).toMatchObject({ code: 1012 })
  })

  it("closes a link that was admitted before and arrives after", async () => {
    bed = await startChat()
    bed.network.latencyMs = 100
    const raw = bed.raw()
    await bed.clock.advance(50)
    await leave(0)
    await bed.clock.advance(300)
    expect(raw.closedWith).toMatchObject({ code: 1012 })
    const late = bed.raw()
    await bed.clock.advance(300)
    expect(late.closedWith).toMatchObject({ code: 1012 })
    expect(bed.server.connections.size).toBe(0)
  })
})
