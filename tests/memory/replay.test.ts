import type { Clock } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, numbered, outcomeOf, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

/** Runs a task so many turns from now, and within that turn so many promises later. */
function inTurns(clock: Clock, turns: number, promises: number, task: () => void): void {
  if (turns > 0) clock.defer(() => inTurns(clock, turns - 1, promises, task))
  else
    void Array.from({ length: promises })
      .reduce<Promise<void>>((before) => before.then(() => {}), Promise.resolve())
      .then(task)
}

describe("a replay", () => {
  it("[F60][G3][G4] is followed by what is published during it, at every moment", async () => {
    const backlog = 600 // more than two pages
    for (let turns = 0; turns < 9; turns++) {
      for (let promises = 0; promises < 6; promises++) {
        bed = await startChat()
        const channel = bed.server.channel("chat/a")
        await Promise.all([...Array.from({ length: backlog }, () => channel.publish("say", { text: "old" })), bed.clock.settle()])
        const { epoch } = channel.position
        const raw = await greeted(bed)
        raw.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch, offset: 0 } })
        for (const later of [0, 1]) {
          inTurns(bed.clock, turns + later, promises, () => {
            for (let index = 0; index < 3; index++) void channel.publish("say", { text: "new" })
          })
        }
        await bed.clock.settle()
        const offsets = raw.of("message").map(({ offset }) => offset)
        const moment = `turn ${turns}, promise ${promises}`
        expect(offsets, moment).toEqual(Array.from({ length: backlog + 6 }, (_, index) => index + 1))
        expect(raw.of("subscribed"), moment).toHaveLength(1)
        await closeBed(bed)
      }
    }
    bed = await startChat()
  })

  it("[F60][G6] that is longer than the queue goes on as its reader reads", async () => {
    bed = await startChat()
    const channel = bed.server.channel("chat/a")
    const text = "x".repeat(10_000)
    for (let index = 0; index < 100; index++) await outcomeOf(bed, channel.publish("say", { text }))
    const raw = await greeted(bed)
    bed.network.stallReaders(true)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch: channel.position.epoch, offset: 0 } })
    await bed.clock.settle()
    let rounds = 0
    for (; raw.of("message").length < 100 && rounds < 20; rounds++) {
      expect(bed.network.heldBytes()).toBeLessThanOrEqual(262_144)
      bed.network.stallReaders(false)
      bed.network.stallReaders(true)
      await bed.clock.settle()
    }
    bed.network.stallReaders(false)
    expect(rounds).toBeGreaterThan(3)
    expect(raw.of("message").map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })
})

describe("a live message that is lost while the link stays up", () => {
  const isMessage = (frame: string): boolean => frame.includes('"type":"message"')

  async function startLoser() {
    bed = await startChat()
    const listener = listen(bed.connect())
    await bed.clock.until(listener.isLive)
    const send = (text: string) => outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text }))
    await send("first")
    await bed.clock.advance(20_000)
    bed.network.loseDown(isMessage)
    await send("lost")
    await bed.clock.settle()
    expect(listener.heard).toEqual(["1 first"])
    return { listener, send, lostAt: bed.clock.monotonic() }
  }

  it("[F61][G4] is exposed by the next one at once, and brought", async () => {
    const { listener, send } = await startLoser()
    await send("next")
    await bed.clock.settle()
    expect(listener.heard).toEqual(numbered(["first", "lost", "next"]))
    expect(listener.gaps).toEqual([])
  })

  it("[F61][G5] is noticed on an idle channel within five seconds, and brought", async () => {
    const { listener, lostAt } = await startLoser()
    await bed.clock.until(() => listener.heard.length === 2)
    expect(bed.clock.monotonic() - lostAt).toBeLessThanOrEqual(5_000)
    expect(listener.heard).toEqual(numbered(["first", "lost"]))
    expect(listener.gaps).toEqual([])
  })

  it("[F61][G5] is noticed by the heartbeat where the position's frame was lost as well", async () => {
    const { listener, lostAt } = await startLoser()
    bed.network.loseDown((frame) => frame.includes('"type":"position"'))
    await bed.clock.until(() => listener.heard.length === 2)
    expect(bed.clock.monotonic() - lostAt).toBeLessThanOrEqual(20_000)
    expect(bed.server.counters.accepted).toBe(1)
  })
})
