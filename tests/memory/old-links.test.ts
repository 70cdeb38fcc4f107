import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, numbered, outcomeOf, publish, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const HOME = "192.0.2.1"
const DAY_MS = 24 * 3_600_000

async function startListener() {
  bed = await startChat()
  const client = bed.connect({ address: HOME })
  const listener = listen(client)
  await bed.clock.until(listener.isLive)
  const states: string[] = []
  client.on("status", ({ to }) => states.push(to))
  const send = (text: string) => outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text }))
  return { client, listener, states, send }
}

describe("a link that is dead without saying so", () => {
  it("[F58] is replaced with 4504 at each resume, and its late end does not touch the new one", async () => {
    const { client, listener, send } = await startListener()
    const texts: string[] = []
    for (const round of [1, 2, 3]) {
      bed.network.strand(HOME)
      await send(`in round ${round}`)
      texts.push(`in round ${round}`)
      await bed.clock.until(() => client.status.state !== "online")
      await bed.clock.until(() => listener.isLive() && client.status.state === "online")
      expect(bed.server.counters["closed{REPLACED}"]).toBe(round)
      expect(listener.heard).toEqual(numbered(texts))
    }
    // Meanwhile the old links have ended on the server's side too.
    await bed.clock.advance(60_000)
    expect(client.status.state).toBe("online")
    expect(bed.server.connections.size).toBe(1)
    await send("last")
    expect(listener.heard).toEqual(numbered([...texts, "last"]))
    expect(listener.gaps).toEqual([])
  })

  it("[F58] is told 4504 where it still listens, and nothing after it", async () => {
    bed = await startChat()
    const old = await greeted(bed)
    const session = old.of("welcome")[0]?.session
    old.send({ type: "subscribe", id: 1, channel: "chat/a" })
    await bed.clock.settle()
    const fresh = await greeted(bed, { session })
    expect(old.closedWith).toMatchObject({ code: 4504 })
    const heard = old.replies.length
    fresh.send({ type: "subscribe", id: 1, channel: "chat/a" }, publish(2, "new"))
    await bed.clock.settle()
    expect(fresh.of("message")).toHaveLength(1)
    expect(old.replies).toHaveLength(heard)
    expect(fresh.closedWith).toBeUndefined()
  })

  it("[F59] never doubles or reorders what old and new link bring at the same time", async () => {
    for (let delayMs = 2_100; delayMs <= 3_500; delayMs += 200) {
      bed = await startChat()
      const client = bed.connect({ heartbeatMs: 1_000, pongTimeoutMs: 1_000, backoff: { initialMs: 100 } })
      const listener = listen(client)
      await bed.clock.until(listener.isLive)
      let sent = 0
      const publishFor = async (durationMs: number): Promise<void> => {
        for (let atMs = 0; atMs < durationMs; atMs += 20) {
          void bed.server.channel("chat/a").publish("say", { text: `${++sent}` })
          await bed.clock.advance(20)
        }
      }
      // What is sent now comes when the client has long given the link up and has a new one.
      bed.network.latencyMs = delayMs
      await publishFor(2_000)
      bed.network.latencyMs = 5
      await bed.clock.until(() => client.status.state !== "online")
      await publishFor(delayMs)
      await bed.clock.until(() => listener.heard.length >= sent)
      await bed.clock.advance(10_000)
      expect(bed.server.counters["closed{REPLACED}"]).toBe(1)
      expect(listener.heard, `${delayMs} ms late`).toEqual(numbered(Array.from({ length: sent }, (_, index) => `${index + 1}`)))
      if (delayMs < 3_500) await closeBed(bed)
    }
  })

  it("[F63] is noticed after five minutes of sleep within a heartbeat and its answer's time, without a storm", async () => {
    const { client, listener, send } = await startListener()
    await bed.clock.advance(20_000)
    const before = client.statistics.messagesOut
    bed.network.strand(HOME)
    await send("asleep")
    bed.clock.sleep(5 * 60_000)
    const wokeAt = bed.clock.monotonic()
    await bed.clock.until(() => listener.heard.length === 1)
    expect(bed.clock.monotonic() - wokeAt).toBeLessThan(16_000)
    expect(client.statistics.messagesOut - before).toBeLessThan(10)
    expect(bed.server.counters.accepted).toBe(2)
    expect(listener.gaps).toEqual([])
  })

  it.each([DAY_MS, -DAY_MS])("[F63] is not suspected because the wall clock jumps by %i ms", async (jumpMs) => {
    const { listener, states, send } = await startListener()
    await send("before")
    const ats = [bed.server.channel("chat/a").history({ last: 1 })[0]?.at ?? 0]
    bed.clock.jumpWallClock(jumpMs)
    await bed.clock.advance(60_000)
    await send("after")
    ats.push(bed.server.channel("chat/a").history({ last: 1 })[0]?.at ?? 0)
    expect(states).toEqual([])
    expect(listener.heard).toEqual(numbered(["before", "after"]))
    expect(ats[1]).toBeGreaterThanOrEqual(ats[0] ?? Number.NaN)
  })

  it("[F64][G6] is noticed by both sides in time, and holds no more than the queue's limit meanwhile", async () => {
    const { client, listener } = await startListener()
    const channel = bed.server.channel("chat/a")
    bed.network.blackHole(true, HOME)
    const startedAt = bed.clock.monotonic()
    let clientNoticedAt: number | undefined
    let serverNoticedAt: number | undefined
    const texts: string[] = []
    while (clientNoticedAt === undefined || serverNoticedAt === undefined) {
      texts.push("x".repeat(5_000))
      void channel.publish("say", { text: texts.at(-1) ?? "" })
      await bed.clock.advance(100)
      expect(bed.network.heldBytes(HOME)).toBeLessThanOrEqual(262_144)
      if (client.status.state !== "online") clientNoticedAt ??= bed.clock.monotonic()
      if (bed.server.connections.size === 0) serverNoticedAt ??= bed.clock.monotonic()
      if (bed.clock.monotonic() - startedAt > 60_000) break
    }
    // The client's heartbeat is ten seconds.
    expect((clientNoticedAt ?? Number.NaN) - startedAt).toBeLessThanOrEqual(15_100)
    expect((serverNoticedAt ?? Number.NaN) - startedAt).toBeLessThanOrEqual(19_000)
    expect(bed.server.counters["closed{NO_PONG}"]).toBe(1)
    bed.network.blackHole(false, HOME)
    await bed.clock.until(() => listener.heard.length === texts.length)
    expect(listener.heard).toEqual(numbered(texts))
  })

  it("[F64][G1] keeps a publish until the new link has taken it, once", async () => {
    const { client, listener } = await startListener()
    bed.network.blackHole(true, HOME)
    const receipt = say(client, "into the dark")
    await bed.clock.until(() => client.status.state !== "online")
    bed.network.blackHole(false, HOME)
    expect(await outcomeOf(bed, receipt)).toMatchObject({ position: { offset: 1 } })
    await bed.clock.advance(10_000)
    expect(listener.heard).toEqual(["1 into the dark"])
    expect(bed.server.channel("chat/a").position.offset).toBe(1)
  })
})
