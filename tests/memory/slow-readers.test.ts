import type { RawConnection, Reply } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, outcomeOf, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const SLOW = "192.0.2.1"
const LIMIT = 262_144
const KIB = "x".repeat(1_024)

const offsetsOf = (raw: RawConnection): unknown[] => raw.of("message").map(({ offset }) => offset)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** Follows a channel, and reads nothing from then on. */
async function startStalled(channel: string): Promise<RawConnection> {
  bed = await startChat()
  const raw = await greeted(bed, {}, { address: SLOW })
  raw.send({ type: "subscribe", id: 1, channel })
  await bed.clock.settle()
  bed.network.stallReaders(true, SLOW)
  return raw
}

async function publishTimes(count: number, text: string = KIB): Promise<void> {
  for (let index = 0; index < count; index++) void bed.server.channel("chat/a").publish("say", { text })
  await bed.clock.settle()
}

describe("a subscriber of a stream that stops reading", () => {
  it("[F77][G6][G4] costs at most queuedBytes, slows nobody, and has everything when it reads again", async () => {
    const raw = await startStalled("chat/a")
    const other = listen(bed.connect())
    await bed.clock.until(other.isLive)
    for (let round = 1; round <= 20; round++) {
      await publishTimes(100)
      expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
      expect(other.heard).toHaveLength(round * 100)
    }
    expect(bed.network.heldBytes(SLOW)).toBeGreaterThan(LIMIT / 2)
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    expect(offsetsOf(raw)).toEqual(upTo(2_000))
    expect(raw.of("gap")).toEqual([])
    await publishTimes(1)
    expect(offsetsOf(raw)).toEqual(upTo(2_001))
  })

  it("[F77][G6] is sent one message that is larger than queuedBytes, and no second one", async () => {
    const raw = await startStalled("chat/a")
    const huge = "x".repeat(400_000)
    await publishTimes(3, huge)
    expect(bed.network.heldBytes(SLOW)).toBeGreaterThan(400_000)
    expect(bed.network.heldBytes(SLOW)).toBeLessThan(400_000 + 1_024)
    for (let round = 0; round < 5; round++) {
      bed.network.stallReaders(false, SLOW)
      await bed.clock.settle()
    }
    expect(offsetsOf(raw)).toEqual([1, 2, 3])
  })

  it("[F77] for stallMs although it gives signs of life is closed with 4003, and resumes from the log", async () => {
    const raw = await startStalled("chat/a")
    const stalledAt = bed.clock.monotonic()
    await publishTimes(1_000)
    while (bed.server.connections.size > 0 && bed.clock.monotonic() - stalledAt < 60_000) {
      raw.send({ type: "ping" })
      await bed.clock.advance(1_000)
    }
    expect(bed.server.counters["closed{SLOW_CONSUMER}"]).toBe(1)
    // Looked at once in a heartbeat.
    expect(bed.clock.monotonic() - stalledAt).toBeGreaterThanOrEqual(30_000)
    expect(bed.clock.monotonic() - stalledAt).toBeLessThanOrEqual(41_000)
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    const { epoch } = bed.server.channel("chat/a").position
    const again = await greeted(bed, { session: raw.of("welcome")[0]?.session }, { address: SLOW })
    again.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch, offset: raw.of("message").length } })
    await bed.clock.settle()
    expect(again.reply(1)).toMatchObject({ type: "subscribed", answer: "recovered" })
    expect([...offsetsOf(raw), ...offsetsOf(again)]).toEqual(upTo(1_000))
  })

  it("[F77] without a sign of life is closed with 4002 after a heartbeat and its answer's time", async () => {
    await startStalled("chat/a")
    const stalledAt = bed.clock.monotonic()
    await publishTimes(1_000)
    await bed.clock.until(() => bed.server.connections.size === 0)
    expect(bed.server.counters["closed{NO_PONG}"]).toBe(1)
    expect(bed.clock.monotonic() - stalledAt).toBeLessThanOrEqual(19_000)
  })

  it("[G6] is not asked to answer faster than it reads: history waits in line within queuedBytes", async () => {
    const raw = await startStalled("short/a")
    await publishTimes(500)
    raw.send(...upTo(40).map((id) => ({ type: "history", id: id + 1, channel: "chat/a", limit: 100 })))
    await bed.clock.settle()
    expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
    for (let round = 0; round < 40; round++) {
      bed.network.stallReaders(false, SLOW)
      await bed.clock.settle()
    }
    expect(raw.of("history")).toHaveLength(40)
  })

  it("[F77][G6] costs at most queuedBytes also where JSON's own signs come on top of what the log counts", async () => {
    const raw = await startStalled("short/a")
    await publishTimes(2_000, "x".repeat(400))
    const { epoch } = bed.server.channel("chat/a").position
    // Sizes at which one more page, as the log counts it, would just fit.
    raw.send({ type: "history", id: 3, channel: "chat/a", limit: 80 })
    raw.send({ type: "subscribe", id: 2, channel: "chat/a", position: { epoch, offset: 0 } })
    await bed.clock.settle()
    expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
    expect(bed.network.heldBytes(SLOW)).toBeGreaterThan(LIMIT * 0.9)
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    expect(raw.reply(3)?.type).toBe("history")
    expect(offsetsOf(raw)).toEqual(upTo(2_000))
  })

  it("[G6] costs at most queuedBytes with pages of history alone", async () => {
    const raw = await startStalled("short/a")
    await publishTimes(500, "x".repeat(400))
    for (const [id, limit] of [260, 500, 500].entries()) raw.send({ type: "history", id, channel: "chat/a", limit })
    for (let round = 0; round < 4; round++) {
      await bed.clock.settle()
      expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
      bed.network.stallReaders(false, SLOW)
      bed.network.stallReaders(true, SLOW)
    }
    expect(raw.of("history")).toHaveLength(3)
  })

  it("[G5] that catches up is not told by a pong that it is behind", async () => {
    const raw = await startStalled("chat/a")
    await publishTimes(1_000)
    raw.send({ type: "ping", id: 7, positions: { "chat/a": 0 } })
    await bed.clock.settle()
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    expect(raw.reply(7)).toEqual({ type: "pong", id: 7 })
    raw.send({ type: "ping", id: 8, positions: { "chat/a": 5 } })
    await bed.clock.settle()
    expect(raw.reply(8)).toMatchObject({ type: "pong", ahead: { "chat/a": { offset: 1_000 } } })
  })
})

describe("a subscriber of a broadcast that stops reading", () => {
  async function move(count: number): Promise<void> {
    for (let index = 0; index < count; index++) bed.server.channel("cursor/a").publish("move", { x: index, pad: KIB })
    await bed.clock.settle()
  }
  const skippedOf = (gaps: readonly Reply[]): number => gaps.reduce((sum, { skipped }) => sum + Number(skipped), 0)

  it("[F77][G6] skips, and is told exactly how much, once, when it reads again", async () => {
    const raw = await startStalled("cursor/a")
    for (let round = 0; round < 20; round++) {
      await move(50)
      expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
    }
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    const got = raw.of("message").length
    expect(raw.of("gap")).toEqual([{ type: "gap", channel: "cursor/a", reason: "slow", skipped: 1_000 - got }])
    expect(raw.replies.at(-1)).toMatchObject({ type: "message", data: { x: 49 } })
    await move(3)
    expect(raw.of("message")).toHaveLength(got + 3)
    expect(raw.of("gap")).toHaveLength(1)
  })

  it("[F77] is told exactly also when it stumbles again and again", async () => {
    const raw = await startStalled("cursor/a")
    for (let round = 0; round < 30; round++) {
      await move(130)
      if (round % 3 === 2) bed.network.stallReaders(false, SLOW)
      if (round % 5 === 4) await move(7)
      await bed.clock.settle()
      bed.network.stallReaders(true, SLOW)
    }
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    expect(raw.of("gap").length).toBeGreaterThan(3)
    expect(raw.of("message").length + skippedOf(raw.of("gap"))).toBe(30 * 130 + 6 * 7)
  })

  it("[F66] and unsubscribes meanwhile hears nothing of the channel after the answer", async () => {
    const raw = await startStalled("cursor/a")
    for (let round = 0; round < 10; round++) await move(50)
    // One more in the very turn in which it unsubscribes.
    bed.clock.defer(() => bed.server.channel("cursor/a").publish("move", { x: 0, pad: KIB.repeat(60) }))
    raw.send({ type: "unsubscribe", id: 2, channel: "cursor/a" })
    await bed.clock.settle()
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    expect(raw.replies.at(-1)).toEqual({ type: "unsubscribed", id: 2, channel: "cursor/a" })
  })
})

describe("many stalled subscribers", () => {
  it("[F78][G6] cost at most queuedBytes each, while a healthy one gets everything as it comes", async () => {
    bed = await startChat()
    const raws: RawConnection[] = []
    for (let index = 0; index < 100; index++) raws.push(await greeted(bed, {}, { address: SLOW }))
    for (const raw of raws) raw.send({ type: "subscribe", id: 1, channel: "chat/a" })
    const healthy = listen(bed.connect())
    await bed.clock.until(healthy.isLive)
    bed.network.stallReaders(true, SLOW)
    for (let round = 1; round <= 10; round++) {
      await publishTimes(50)
      expect(healthy.heard).toHaveLength(round * 50)
    }
    expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(100 * LIMIT)
    bed.network.stallReaders(false, SLOW)
    await bed.clock.settle()
    for (const raw of raws) expect(offsetsOf(raw)).toEqual(upTo(500))
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "on" }))
  })
})
