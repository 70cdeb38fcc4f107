import { changes, messageList } from "@magpie/client/changes"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { MAX_SUM_BYTES, SUM_EVERY } from "../../apps/support/src/limits.ts"
import { addUp, EMPTY_QUEUE, foldQueue, type Place, placesOfSum, type Queue, type QueueEntry } from "../../apps/support/src/queue.ts"
import { codeOf, createSupportBed, type SupportBed } from "./support-bed.ts"
import { openDesk } from "./support-desk.ts"

let bed: SupportBed
beforeEach(async () => {
  bed = await createSupportBed()
})
afterEach(() => bed.close())

const idOf = (number: number): string => number.toString(16).padStart(32, "0")

/** So many visitors asked and were closed; the last one waits. */
async function fill(count: number): Promise<void> {
  const queue = bed.server.channel("support/queue")
  for (let number = 1; number <= count; number++) {
    const visitor = idOf(number)
    await bed.told(queue.publish("asks", { visitor, name: "", page: "/", language: "en" }))
    if (number < count) await bed.told(queue.publish("closes", { visitor }))
  }
}

describe("the log of the queue", () => {
  it("is summed up by the agent whose entry makes it long, and another desk that begins with the sum sees the same", async () => {
    const mei = await openDesk(bed, "mei")
    let summed = false
    mei.log.channel.on("sums", () => {
      summed = true
    })
    await fill(SUM_EVERY)
    await bed.clock.until(() => mei.queue().size === SUM_EVERY)
    await bed.told(mei.log.channel.send("answers", { visitor: idOf(SUM_EVERY) }))
    await bed.clock.until(() => summed)
    const ben = await openDesk(bed, "ben")
    expect(ben.queue().size).toBeLessThan(SUM_EVERY)
    expect(ben.queue().get(idOf(SUM_EVERY))).toEqual(mei.queue().get(idOf(SUM_EVERY)))
    for (const [visitor, place] of ben.queue()) expect(place).toEqual(mei.queue().get(visitor))

    const recalled: string[] = []
    const all = async (): Promise<void> => {
      for await (const { visitor, state } of ben.log.older()) if (state === "closed") recalled.push(visitor)
    }
    await bed.told(all())
    expect(new Set([...recalled, ...ben.queue().keys()]).size).toBe(SUM_EVERY)
    expect(recalled.length + ben.queue().size).toBe(SUM_EVERY)
  })

  it("needs nothing from before a sum, and everything where there is none", () => {
    const asks = (offset: number): QueueEntry => ({
      name: "asks",
      data: { visitor: idOf(offset), name: "", page: "/", language: "en" },
      from: idOf(offset),
      at: offset,
      offset,
    })
    const end = (entries: readonly QueueEntry[]) => ({ epoch: "e", entries, isWhole: false })
    const entries = Array.from({ length: 6 }, (_, index) => asks(index + 1))
    const whole = foldQueue(EMPTY_QUEUE, entries)
    const sumOf = (upTo: number, offset: number): QueueEntry => ({
      name: "sums",
      data: { epoch: "e", upTo, places: [...(placesOfSum(foldQueue(EMPTY_QUEUE, entries.slice(0, upTo))) ?? [])] as never },
      from: "mei",
      at: offset,
      offset,
    })
    const moved = entries.slice(4).map((entry) => ({ ...entry, offset: Number(entry.offset) + 1 }))
    expect(addUp(end(entries.slice(4)))).toBeUndefined()
    expect(addUp({ epoch: "e", entries, isWhole: true })).toEqual(whole)
    // The sum was made up to the third entry and stands behind the fourth.
    const page = [...entries.slice(3, 4), sumOf(3, 5), ...moved]
    expect([...(addUp(end(page)) ?? [])].map(([visitor]) => visitor).sort()).toEqual([...whole.keys()].sort())
    // The entry between a sum and what it sums up to is needed too.
    expect(addUp(end(page.slice(1)))).toBeUndefined()
    // A log that was lost was summed up, not this one.
    expect(addUp({ ...end(page), epoch: "f" })).toBeUndefined()
    // Nobody sums up what was not there yet.
    expect(addUp(end([sumOf(3, 2), ...moved]))).toBeUndefined()
  })

  it("[G11] makes no sum that leaves an open conversation out, and none that is too large for a message", () => {
    const place = (number: number, state: Place["state"]): Place => ({
      visitor: idOf(number),
      name: "",
      page: "x".repeat(300),
      language: "en",
      state,
      agent: undefined,
      turn: number,
      since: 0,
      lastAt: number,
      unanswered: 0,
      handed: undefined,
    })
    const queueOf = (count: number, state: Place["state"]): Queue =>
      new Map(Array.from({ length: count }, (_, index) => [idOf(index), place(index, state)]))
    expect(placesOfSum(queueOf(1_000, "waiting"))).toBeUndefined()
    const closed = placesOfSum(new Map([...queueOf(1_000, "closed"), [idOf(5_000), place(5_000, "waiting")]])) ?? []
    expect(closed[0]?.state).toBe("waiting")
    expect(closed[1]?.lastAt).toBe(999)
    expect(Buffer.byteLength(JSON.stringify(closed))).toBeLessThan(MAX_SUM_BYTES + 1_000)
  })

  it("[G10] takes sums from agents only, and quotes nothing of what is said", async () => {
    const one = bed.visitor()
    const sums = one.channel("support/queue").send("sums", { epoch: "", upTo: 0, places: [] })
    expect(await bed.told(codeOf(sums))).toBe("FORBIDDEN")
    const talk = one.channel(`support/talk/${bed.me}`)
    await bed.told(talk.send("say", { text: "my card number" }))
    await bed.told(bed.asks(one))
    const { messages } = await bed.told(bed.agent("mei").channel("support/queue").history({ limit: 10 }))
    expect(messages).toHaveLength(1)
    expect(JSON.stringify(messages)).not.toContain("card number")
  })
})

describe("canned answers", () => {
  it("are the same for all agents, who may change and remove each other's, and no visitor's business", async () => {
    const [mei, ben] = [bed.agent("mei").channel("support/canned"), bed.agent("ben").channel("support/canned")]
    const list = messageList(ben)
    const { position } = await bed.told(mei.send("answer", { short: "hello", text: "Hello!" }))
    await bed.told(mei.send("answer", { short: "bye", text: "Bye!" }))
    await bed.clock.until(() => list.messages.length === 2)
    await bed.told(changes(ben).edit({ name: "answer", ...position }, { short: "hello", text: "Good morning!" }))
    const { messages } = await bed.told(mei.history({ limit: 10 }))
    expect(messages.map((message) => message.data)).toEqual([
      { short: "hello", text: "Good morning!" },
      { short: "bye", text: "Bye!" },
    ])
    await bed.told(changes(ben).delete({ name: "answer", ...position }))
    expect((await bed.told(mei.history({ limit: 10 }))).messages.map(({ data }) => data.short)).toEqual(["bye"])
    const stranger = bed.visitor().channel("support/canned")
    expect(await bed.told(codeOf(stranger.history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(stranger.send("answer", { short: "x", text: "y" })))).toBe("FORBIDDEN")
  })
})
