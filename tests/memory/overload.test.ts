import { DEFAULT_LIMITS } from "@magpie/protocol"
import type { LoadMeter } from "@magpie/server/core"
import type { RawConnection, Reply } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, greeted, listen, outcomeOf, publish, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const { shedBroadcastsLagMs, shedConnectionsLagMs, shedHistoryLagMs, memorySoftPercent, memoryHardPercent } = DEFAULT_LIMITS
const PAD = "x".repeat(1_024)

/** What the server believes to carry, as the test says. */
function fakeLoad() {
  const load = { lag: 0, memory: 10 }
  const meter: LoadMeter = { lagMs: () => load.lag, memoryPercent: () => load.memory, rest() {} }
  return { load, meter }
}

async function start() {
  const { load, meter } = fakeLoad()
  bed = await startChat({ load: meter })
  return load
}

async function follower(channel: string): Promise<RawConnection> {
  const raw = await greeted(bed)
  raw.send({ type: "subscribe", id: 1, channel })
  await bed.clock.settle()
  return raw
}

async function move(from: number, to: number): Promise<void> {
  for (let x = from; x < to; x++) bed.server.channel("cursor/a").publish("move", { x })
  await bed.clock.settle()
}

const wordOf = ({ skipped, data }: Reply): unknown => (skipped === undefined ? (data as { x: number }).x : { skipped })
const heardBy = (raw: RawConnection): unknown[] => raw.replies.filter(({ type }) => type === "gap" || type === "message").map(wordOf)

/** Long enough for a load to be believed, and short enough that nothing is calm yet. */
const BELIEVED_MS = 1_500
const CALM_MS = 15_000

describe("while the event loop lags", () => {
  it("[F80] broadcasts go first: each subscriber is told exactly what it missed, before anything newer", async () => {
    const load = await start()
    const early = await follower("cursor/a")
    await move(0, 10)
    load.lag = shedBroadcastsLagMs
    await bed.clock.advance(BELIEVED_MS)
    await move(10, 35)
    const late = await follower("cursor/a")
    const gone = await follower("cursor/a")
    await move(35, 40)
    gone.send({ type: "unsubscribe", id: 2, channel: "cursor/a" })
    load.lag = 0
    await bed.clock.advance(CALM_MS)
    await move(40, 42)
    expect(heardBy(early)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, { skipped: 30 }, 40, 41])
    expect(heardBy(late)).toEqual([{ skipped: 5 }, 40, 41])
    expect(heardBy(gone)).toEqual([])
    expect(bed.server.counters).toMatchObject({ "shed{broadcasts}": 30, "shedding{broadcasts}": 1 })
  })

  it("[F80] a message to one connection alone is delivered, after the gap of what was shed before it", async () => {
    const load = await start()
    const raw = await follower("cursor/a")
    load.lag = shedBroadcastsLagMs
    await bed.clock.advance(BELIEVED_MS)
    await move(0, 5)
    for (const connection of bed.server.connections) connection.send("cursor/a", "move", { x: 5 })
    await move(6, 9)
    load.lag = 0
    await bed.clock.advance(CALM_MS)
    await move(9, 10)
    expect(heardBy(raw)).toEqual([{ skipped: 5 }, 5, { skipped: 3 }, 9])
  })

  it("[F80] then new connections, which are told when to come back, and come back by themselves", async () => {
    const load = await start()
    const known = await follower("chat/a")
    load.lag = shedConnectionsLagMs
    await bed.clock.advance(BELIEVED_MS)
    expect(bed.server.ready).toBe(false)
    const raw = bed.raw()
    const client = bed.connect()
    const { heard, isLive } = listen(client)
    await bed.clock.advance(100)
    expect(raw.closedWith).toMatchObject({ code: 1013 })
    expect(Number(/retryAfterMs=(\d+)/.exec(raw.closedWith?.reason ?? "")?.[1])).toBeGreaterThanOrEqual(2_000)
    expect(client.status).toMatchObject({ state: "reconnecting", cause: { code: "UNAVAILABLE" } })
    expect(known.closedWith).toBeUndefined()
    expect(Number(bed.server.counters["turnedAway{overloaded}"])).toBeGreaterThanOrEqual(2)
    load.lag = 0
    await bed.clock.until(isLive, 60_000)
    known.send(publish(2, "on"))
    await bed.clock.settle()
    expect([bed.server.ready, heard]).toEqual([true, ["1 on"]])
  })

  it("[F80] then pages of history, refused with a time to wait", async () => {
    const load = await start()
    const raw = await follower("chat/a")
    const client = bed.connect()
    await bed.clock.until(() => client.status.state === "online")
    raw.send(publish(2, "kept"))
    load.lag = shedHistoryLagMs
    await bed.clock.advance(BELIEVED_MS)
    raw.send({ type: "history", id: 3, channel: "chat/a" })
    const failure = await failureOf(bed, client.channel("chat/a").history({ limit: 1 }))
    expect(raw.reply(3)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true, retryAfterMs: 2_000 })
    expect(failure).toMatchObject({ code: "UNAVAILABLE", retryable: true })
    load.lag = 0
    await bed.clock.advance(CALM_MS)
    raw.send({ type: "history", id: 4, channel: "chat/a" })
    await bed.clock.settle()
    expect(raw.reply(4)).toMatchObject({ type: "history", messages: [{ data: { text: "kept" } }] })
  })

  it("[F80] never acknowledged publishes, streams, resumes, heartbeats or closes", async () => {
    const load = await start()
    const raw = await follower("chat/a")
    const { epoch } = bed.server.channel("chat/a").position
    load.lag = shedHistoryLagMs * 10
    await bed.clock.advance(BELIEVED_MS)
    raw.send(publish(2, "one"), { type: "ping", id: 3 })
    await bed.clock.settle()
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(raw.reply(3)).toMatchObject({ type: "pong" })
    expect(raw.of("message")).toHaveLength(1)
    raw.send({ type: "subscribe", id: 4, channel: "chat/a", position: { epoch, offset: 0 } })
    await bed.clock.settle()
    expect(raw.reply(4)).toMatchObject({ answer: "recovered" })
    expect(raw.of("message")).toHaveLength(2)
    for (let second = 0; second < 60; second++) {
      raw.send({ type: "ping" })
      await bed.clock.advance(1_000)
    }
    expect([bed.server.connections.size, bed.server.counters["shedding{history}"]]).toEqual([1, 1])
    raw.close()
    await bed.clock.settle()
    expect(bed.server.connections.size).toBe(0)
  })
})

describe("while memory is scarce", () => {
  it("[F81] nobody new is taken, the longest queues are cut, and those who read go on", async () => {
    const { load, meter } = fakeLoad()
    bed = await startChat({ load: meter, limits: { queuedBytes: 131_072, queuedBytesTotal: 131_072 * 64 } })
    const stalled: RawConnection[] = []
    for (let index = 0; index < 60; index++) stalled.push(await greeted(bed, {}, { address: "192.0.2.1" }))
    for (const raw of stalled) raw.send({ type: "subscribe", channel: "cursor/a" })
    const healthy = await follower("cursor/a")
    bed.network.stallReaders(true, "192.0.2.1")
    for (let x = 0; x < 200; x++) {
      bed.server.channel("cursor/a").publish("move", { x, pad: PAD })
      if (x % 10 === 9) await bed.clock.settle()
    }
    const before = Number(bed.server.counters.queuedBytes)
    expect(before).toBeGreaterThan((131_072 * 64) / 3)
    load.memory = memorySoftPercent
    await bed.clock.advance(1_000)
    expect(Number(bed.server.counters.queuedBytes)).toBeLessThanOrEqual((131_072 * 64) / 4)
    expect(Number(bed.server.counters["closed{OVERLOADED}"])).toBeGreaterThan(30)
    expect([bed.server.ready, bed.server.counters["memory{scarce}"]]).toEqual([false, 1])
    const late = bed.raw()
    await bed.clock.settle()
    expect(late.closedWith).toMatchObject({ code: 1013 })
    load.memory = 10
    await bed.clock.advance(1_000)
    const newer = await follower("cursor/a")
    bed.server.channel("cursor/a").publish("move", { x: 200 })
    await bed.clock.settle()
    expect([healthy.of("message").length, newer.of("message").length]).toEqual([201, 1])
  })

  it("[F81][G1] and when it is exhausted the server drains: acknowledged is stored, everybody is told to come back", async () => {
    const load = await start()
    const raw = await follower("chat/a")
    raw.send(publish(2, "kept"))
    load.memory = memoryHardPercent
    await bed.clock.advance(3_000)
    expect(raw.reply(2)).toMatchObject({ type: "published" })
    expect(raw.closedWith).toMatchObject({ code: 1012 })
    expect(bed.server.counters).toMatchObject({ "memory{exhausted}": 1, "closed{SERVICE_RESTART}": 1 })
    expect(bed.env.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(["memory", "draining"]))
    await outcomeOf(bed, bed.server.close())
  })
})

describe("many who read nothing", () => {
  it("[F78][G6] hold at most queuedBytesTotal together at every turn, while others get everything and catch up", async () => {
    const total = 131_072 * 64
    bed = await startChat({ limits: { queuedBytes: 131_072, queuedBytesTotal: total } })
    const stalled: RawConnection[] = []
    for (let index = 0; index < 300; index++) stalled.push(await greeted(bed, {}, { address: "192.0.2.1" }))
    for (const raw of stalled) raw.send({ type: "subscribe", channel: "chat/a" }, { type: "subscribe", channel: "cursor/a" })
    const healthy = await follower("chat/a")
    healthy.send({ type: "subscribe", channel: "cursor/a" })
    await bed.clock.settle()
    bed.network.stallReaders(true, "192.0.2.1")
    let most = 0
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 10; index++) {
        void bed.server.channel("chat/a").publish("say", { text: PAD })
        bed.server.channel("cursor/a").publish("move", { x: index, pad: PAD })
      }
      await bed.clock.settle()
      most = Math.max(most, Number(bed.server.counters.queuedBytes))
      expect(most).toBeLessThanOrEqual(total)
      expect(healthy.of("message")).toHaveLength((round + 1) * 20)
    }
    expect(most).toBeGreaterThan(total / 2)
    // Somebody new reads from the log what it missed, although all that is left is small.
    const late = await greeted(bed)
    const { epoch } = bed.server.channel("chat/a").position
    late.send({ type: "subscribe", channel: "chat/a", position: { epoch, offset: 0 } })
    await bed.clock.advance(1_000)
    expect(late.of("message")).toHaveLength(200)
    bed.network.stallReaders(false, "192.0.2.1")
    await bed.clock.advance(1_000)
    for (const raw of stalled.slice(0, 20)) {
      const skipped = raw.of("gap").reduce((sum, gap) => sum + Number(gap.skipped), 0)
      expect(raw.of("message").filter(({ channel }) => channel === "chat/a")).toHaveLength(200)
      expect(raw.of("message").filter(({ channel }) => channel === "cursor/a").length + skipped).toBe(200)
    }
    expect(bed.server.counters.queuedBytes).toBe(0)
  })

  it("[F78][G6] keep nobody else from the log: who comes then has his replay at once, and those who stall too cut nobody", async () => {
    const total = 131_072 * 64
    bed = await startChat({ limits: { queuedBytes: 131_072, queuedBytesTotal: total } })
    const stalled: RawConnection[] = []
    for (let index = 0; index < 700; index++) stalled.push(await greeted(bed, {}, { address: "192.0.2.1" }))
    const alsoStalled = stalled.splice(600)
    for (const raw of stalled) raw.send({ type: "subscribe", channel: "chat/a" })
    await bed.clock.settle()
    bed.network.stallReaders(true, "192.0.2.1")
    for (let round = 0; round < 30; round++) {
      void bed.server.channel("chat/a").publish("say", { text: PAD })
      await bed.clock.settle()
    }
    expect(Number(bed.server.counters.queuedBytes)).toBeGreaterThan(total * 0.88)
    const { epoch } = bed.server.channel("chat/a").position
    const late = await greeted(bed)
    late.send({ type: "subscribe", channel: "chat/a", position: { epoch, offset: 0 } })
    await bed.clock.settle()
    expect(late.of("message")).toHaveLength(30)
    for (const raw of alsoStalled) {
      raw.send({ type: "subscribe", channel: "chat/a", position: { epoch, offset: 0 } })
      await bed.clock.settle()
      expect(Number(bed.server.counters.queuedBytes)).toBeLessThanOrEqual(total)
    }
    expect(bed.server.counters["closed{OVERLOADED}"]).toBeUndefined()
  })
})
