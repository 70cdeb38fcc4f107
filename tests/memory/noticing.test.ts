import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, outcomeOf, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const HERE = "192.0.2.1"
/** Phases of everybody's timers at which a link may die. */
const PHASES_MS = [0, 1, 2_499, 5_000, 7_501, 9_999, 12_345, 17_000]

describe("with the settings as they come", () => {
  for (const phaseMs of PHASES_MS) {
    it(`[F64] the server notices a half-open link within 20 seconds (${phaseMs} ms into it)`, async () => {
      bed = await startChat()
      await greeted(bed, {}, { address: HERE })
      await bed.clock.advance(phaseMs)
      expect(bed.server.connections.size).toBe(1)
      bed.network.strand(HERE)
      await bed.clock.until(() => bed.server.counters["closed{NO_PONG}"] === 1, 20_000)
      expect(bed.server.connections.size).toBe(0)
    })

    it(`[F64] the client notices it within 20 seconds too, and is back (${phaseMs} ms into it)`, async () => {
      bed = await startChat()
      const client = bed.connect({ address: HERE })
      await bed.clock.until(() => client.status.state === "online")
      await bed.clock.advance(phaseMs)
      bed.network.strand(HERE)
      await bed.clock.until(() => client.status.state !== "online", 20_000)
      await bed.clock.until(() => client.status.state === "online", 2_000)
    })

    it(`[F63] after a sleep the client notices a dead link within 10 seconds, although nobody says that it woke (${phaseMs} ms into it)`, async () => {
      bed = await startChat()
      const client = bed.connect({ address: HERE })
      await bed.clock.until(() => client.status.state === "online")
      await bed.clock.advance(phaseMs)
      bed.network.strand(HERE)
      bed.clock.sleep(300_000)
      await bed.clock.until(() => client.status.state !== "online", 10_000)
      await bed.clock.until(() => client.status.state === "online", 2_000)
    })

    it(`[F61][G5] a message lost on a link that is otherwise idle is there within 5 seconds (${phaseMs} ms into it)`, async () => {
      bed = await startChat()
      const client = bed.connect({ address: HERE })
      const listener = listen(client)
      await bed.clock.until(listener.isLive)
      await bed.clock.advance(phaseMs)
      bed.network.loseDown((frame) => frame.includes('"lost"'), HERE)
      await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "lost" }))
      await bed.clock.settle()
      expect(listener.heard).toEqual([])
      await bed.clock.until(() => listener.heard.length === 1, 5_000)
      expect([listener.heard, listener.gaps]).toEqual([["1 lost"], []])
    })
  }

  for (const phaseMs of PHASES_MS) {
    it(`[F61][G5] a replay lost on a link that is otherwise idle is there within 5 seconds (${phaseMs} ms into it)`, async () => {
      bed = await startChat()
      const listener = listen(bed.connect({ address: HERE }))
      await bed.clock.until(listener.isLive)
      await bed.clock.advance(phaseMs)
      bed.network.cut(true)
      for (const text of ["lost", "too"]) await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text }))
      await bed.clock.advance(10_000)
      const lose = bed.network.loseDown((frame) => frame.includes('"lost"'), HERE)
      bed.network.cut(false)
      await bed.clock.until(listener.isLive)
      await bed.clock.settle()
      lose()
      expect(listener.heard).toEqual([])
      await bed.clock.until(() => listener.heard.length === 2, 5_000)
      expect([listener.heard, listener.gaps]).toEqual([["1 lost", "2 too"], []])
    })
  }

  it("[F64][G1] a publish that died with a half-open link is stored once, and acknowledged", async () => {
    bed = await startChat()
    const client = bed.connect({ address: HERE })
    await bed.clock.until(() => client.status.state === "online")
    bed.network.strand(HERE)
    const receipt = await outcomeOf(bed, say(client, "once"))
    expect([receipt.position.offset, receipt.duplicate]).toEqual([1, false])
  })
})
