import { type MemoryStorage, memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, greeted, listen, numbered, outcomeOf, publish, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const isAnswer = (frame: string): boolean => frame.includes('"type":"published"')

describe("a publish whose answer was lost", () => {
  it("[F51][G2] is answered with its first position after a reset, and every subscriber has it once", async () => {
    bed = await startChat()
    const ann = bed.connect()
    const listeners = [bed.connect(), bed.connect(), ann].map((client) => listen(client))
    await bed.clock.until(() => listeners.every((one) => one.isLive()))
    const first = await outcomeOf(bed, say(ann, "first"))

    bed.network.loseDown(isAnswer)
    const second = say(ann, "second")
    await bed.clock.until(() => listeners[0]?.heard.length === 2)
    bed.network.reset()
    const third = say(ann, "third")
    expect(first).toMatchObject({ duplicate: false, position: { offset: 1 } })
    expect(await outcomeOf(bed, second)).toMatchObject({ duplicate: true, position: { offset: 2 } })
    expect(await outcomeOf(bed, third)).toMatchObject({ duplicate: false, position: { offset: 3 } })
    await bed.clock.advance(5_000)
    for (const one of listeners) expect(one.heard).toEqual(numbered(["first", "second", "third"]))
  })

  it.each([0, 10 * 60_000])("[F52][G1] is not doubled by a server that was killed, %i ms later", async (awayMs) => {
    const disk = memoryStorage()
    bed = await startChat({ storage: disk })
    const ann = bed.connect()
    const bob = listen(bed.connect())
    await bed.clock.until(bob.isLive)
    bed.network.loseDown(isAnswer)
    const receipt = say(ann, "once")
    await bed.clock.until(() => bob.heard.length === 1)
    bed.kill()
    await bed.clock.advance(awayMs)
    await bed.start(disk.crash())
    expect(await outcomeOf(bed, receipt)).toMatchObject({ duplicate: true, position: { offset: 1 } })
    await bed.clock.until(bob.isLive)
    expect(bob.heard).toEqual(["1 once"])
    expect(bob.gaps).toEqual([])
  })

  it("[F52][G1] is stored by the next server when the killed one had not made it durable", async () => {
    let disk: MemoryStorage | undefined
    bed = await startChat({ storage: (env) => (disk = memoryStorage({ env, commitDelayMs: 50 })) })
    const ann = bed.connect()
    const receipt = say(ann, "in the balance")
    await bed.clock.until(() => ann.status.state === "online")
    await bed.clock.advance(40)
    bed.kill()
    await bed.start(disk?.crash())
    expect(await outcomeOf(bed, receipt)).toMatchObject({ duplicate: false, position: { offset: 1 } })
  })

  it("[F52] is called EXPIRED outside the window, never stored a second time", async () => {
    bed = await startChat({ deduplicationMs: 60_000 })
    const ann = bed.connect()
    await outcomeOf(bed, say(ann, "before"))
    bed.network.loseDown(isAnswer)
    const late = say(ann, "late")
    await bed.clock.settle()
    bed.network.cut(true)
    await bed.clock.advance(200_000)
    bed.network.cut(false)
    expect(await failureOf(bed, late)).toMatchObject({ code: "EXPIRED" })
    expect(
      bed.server
        .channel("chat/a")
        .history({ last: 10 })
        .map(({ data }) => data.text),
    ).toEqual(["before", "late"])
    expect(await outcomeOf(bed, say(ann, "after"))).toMatchObject({ position: { offset: 3 }, duplicate: false })
  })

  it("[F53] fences the second of two clients that offer the same producer", async () => {
    bed = await startChat()
    const producer = "cloned-storage"
    const one = await greeted(bed, { producer })
    const two = await greeted(bed, { producer })
    expect(one.of("welcome")[0]).toMatchObject({ producer })
    expect(two.of("welcome")[0]?.producer).not.toBe(producer)
    for (let sequence = 1; sequence <= 3; sequence++) {
      one.send(publish(sequence, `one ${sequence}`, { sequence }))
      two.send(publish(sequence, `two ${sequence}`, { sequence }))
    }
    await bed.clock.settle()
    for (const raw of [one, two]) expect(raw.of("published").map(({ duplicate }) => duplicate)).toEqual([undefined, undefined, undefined])
    const texts = bed.server
      .channel("chat/a")
      .history({ last: 10 })
      .map(({ data }) => data.text)
    expect(texts.filter((text) => text.startsWith("one"))).toEqual(["one 1", "one 2", "one 3"])
    expect(texts.filter((text) => text.startsWith("two"))).toEqual(["two 1", "two 2", "two 3"])
  })

  it("[F53][G10] leaves a producer to the user whose it is", async () => {
    bed = await startChat({ auth: { authenticate: ({ token }) => (token === undefined ? undefined : { user: { id: token } }) } })
    const producer = "known-to-both"
    const ann = await greeted(bed, { token: "ann", producer })
    ann.send(publish(1, "ann's", { sequence: 1 }))
    await bed.clock.settle()
    ann.close()
    await bed.clock.advance(1)
    const eve = await greeted(bed, { token: "eve", producer })
    eve.send(publish(1, "eve's", { sequence: 1 }))
    await bed.clock.settle()
    expect(eve.reply(1)).toMatchObject({ type: "published", position: { offset: 2 } })
    expect(eve.reply(1)).not.toHaveProperty("duplicate")
  })

  it("[F53] calls a number that stands for another text a CONFLICT and stores nothing", async () => {
    bed = await startChat()
    const producer = "cloned-storage"
    const one = await greeted(bed, { producer })
    one.send(publish(1, "mine", { sequence: 1 }))
    await bed.clock.settle()
    one.close()
    await bed.clock.advance(1)
    const two = await greeted(bed, { producer })
    two.send(publish(1, "another", { sequence: 1 }), publish(2, "next", { sequence: 2 }))
    await bed.clock.settle()
    expect(two.reply(1)).toMatchObject({ type: "error", code: "CONFLICT", retryable: false })
    expect(two.reply(2)).toMatchObject({ type: "published", position: { offset: 2 } })
  })
})
