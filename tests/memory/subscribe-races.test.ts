import { DEFAULT_LIMITS } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, outcomeOf, startChat } from "./chat-bed.ts"
import { expectOneRun } from "./one-run.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const fast = { ...DEFAULT_LIMITS, messagesPerSecond: 100_000, messagesPerAddressPerSecond: 100_000 }

describe("subscribe, unsubscribe, subscribe", () => {
  it.each([1, 2, 3, 4])("[F66] gives nothing from before the last subscribe, in 1,000 races of seed %i", async (seed) => {
    bed = await startChat({ limits: fast, seed })
    const random = seededRandom(`races/${seed}`)
    const raw = await greeted(bed)
    const channel = bed.server.channel("chat/a")
    let published = 0
    const act = {
      subscribe: () => raw.send({ type: "subscribe", id: 1, channel: "chat/a" }),
      unsubscribe: () => raw.send({ type: "unsubscribe", id: 1, channel: "chat/a" }),
      publish: () => void channel.publish("say", { text: `${++published}` }),
      wait: () => bed.clock.settle(),
    }
    for (let round = 0; round < 1_000; round++) {
      await act[random.pick(["subscribe", "unsubscribe", "publish", "publish", "wait"] as const)]()
    }
    await bed.clock.settle()

    const next = expectOneRun(raw.replies.slice(1))
    if (next !== undefined) expect(next).toBe(published + 1)
    expect(channel.subscribers).toBe(next === undefined ? 0 : 1)
    raw.send({ type: "unsubscribe", id: 2, channel: "chat/a" })
    await bed.clock.settle()
    expect(channel.subscribers).toBe(0)
  })

  it("[F66] leaves no orphan on the server when clients change their minds under resets", async () => {
    bed = await startChat({ limits: fast })
    bed.network.latencyMs = 3
    const random = seededRandom("minds")
    const clients = Array.from({ length: 5 }, () => bed.connect({ lingerMs: 10 }))
    const stops: (() => void)[] = []
    for (let round = 0; round < 1_000; round++) {
      const channel = random.pick(clients).channel("chat/a")
      if (random.float() < 0.5) stops.push(channel.on("say", () => {}))
      else stops.splice(random.integer(0, stops.length), 1)[0]?.()
      if (random.float() < 0.3) await bed.clock.advance(random.integer(0, 30))
      if (random.float() < 0.02) bed.network.reset()
    }
    for (const stop of stops) stop()
    await bed.clock.advance(30_000)
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
    for (const connection of bed.server.connections) expect(connection.channels).toEqual([])
  })

  it("[F66] is live after the last of many pipelined requests", async () => {
    bed = await startChat({ limits: fast })
    const ann = bed.connect()
    await bed.clock.until(() => ann.status.state === "online")
    const channel = ann.channel("chat/a")
    const heard: string[] = []
    channel.onAny(({ data }) => heard.push(data.text))
    const asked = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 1 ? channel.unsubscribe() : channel.subscribe({ last: 1 }).catch(() => {}),
    )
    await outcomeOf(bed, Promise.all(asked))
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "here" }))
    await bed.clock.settle()
    expect(heard).toEqual(["here"])
    expect(bed.server.channel("chat/a").subscribers).toBe(1)
  })
})
