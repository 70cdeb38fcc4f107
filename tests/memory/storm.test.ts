import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, startChat } from "./chat-bed.ts"

const CROWD = 200

let bed: ChatBed
afterEach(() => closeBed(bed))

/** The largest step of a number from one turn of the event loop to the next. */
async function largestStep(read: () => number, end: number): Promise<number> {
  let largest = 0
  let before = read()
  const look = (): void => {
    const now = read()
    largest = Math.max(largest, now - before)
    before = now
    if (now < end) bed.clock.defer(look)
  }
  bed.clock.defer(look)
  await bed.clock.settle()
  return largest
}

describe("a crowd that comes in one moment", () => {
  it("[F79] is greeted, and subscribed, a few in each turn of the event loop, until all are", async () => {
    bed = await startChat()
    const raws = Array.from({ length: CROWD }, () => bed.raw())
    for (const raw of raws) raw.send({ type: "hello", version: 1 })
    const greeted = await largestStep(() => bed.server.connections.size, CROWD)
    expect([bed.server.connections.size, greeted <= CROWD / 4]).toEqual([CROWD, true])

    for (const raw of raws) raw.send({ type: "subscribe", id: 1, channel: "chat/a" })
    const subscribed = await largestStep(() => bed.server.channel("chat/a").subscribers, CROWD)
    expect([bed.server.channel("chat/a").subscribers, subscribed <= CROWD / 4]).toEqual([CROWD, true])
    for (const raw of raws) expect(raw.reply(1)).toMatchObject({ type: "subscribed", channel: "chat/a" })
  })
})
