import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, startChat } from "./chat-bed.ts"

let bed: ChatBed
beforeEach(async () => {
  bed = await startChat()
})
afterEach(() => closeBed(bed))

const PRODUCER = "producer-of-a-test"

/** A link of one client that has said hello, and what became of it. */
async function come(fields: object) {
  const raw = bed.raw()
  raw.send({ type: "hello", version: 1, producer: PRODUCER, ...fields })
  await bed.clock.settle()
  return raw
}

const sessionOf = (raw: Awaited<ReturnType<typeof come>>): string => String(raw.of("welcome")[0]?.session)

describe("a hello that comes late, on a link that was given up", () => {
  it("[F58][F91] takes the session over from no newer link, and is told to come back", async () => {
    const first = await come({ link: 10 })
    const session = sessionOf(first)
    const newer = await come({ session, link: 12 })
    expect(first.closedWith).toMatchObject({ code: 4504 })
    const late = await come({ session, link: 11 })
    expect(late.of("welcome")).toEqual([])
    expect(late.closedWith).toMatchObject({ code: 1013, reason: expect.stringContaining("retryAfterMs=1000") })
    expect(newer.closedWith).toBeUndefined()
    const next = await come({ session, link: 13 })
    expect(next.of("welcome")).toMatchObject([{ session, producer: PRODUCER }])
    expect(newer.closedWith).toMatchObject({ code: 4504 })
  })

  it("[G2] keeps the producer from no newer link of its client, whether it offered the session or had none yet", async () => {
    const session = sessionOf(await come({ link: 10 }))
    bed.network.reset()
    await bed.clock.settle()
    // The first hello of all was sent twice, and the second copy arrives only now.
    const ghost = await come({ link: 10 })
    expect(sessionOf(ghost)).not.toBe(session)
    const back = await come({ session, link: 14 })
    expect(back.of("welcome")).toMatchObject([{ session, producer: PRODUCER }])
    expect(ghost.closedWith).toMatchObject({ code: 4504 })
  })

  it("of a copied page, which has a session of its own, takes no producer away", async () => {
    const first = await come({ link: 10 })
    const copy = await come({ link: 20 })
    expect(copy.of("welcome")[0]?.producer).not.toBe(PRODUCER)
    expect(first.closedWith).toBeUndefined()
  })

  it("without a link's number the newest hello counts, as it did", async () => {
    const first = await come({})
    const second = await come({ session: sessionOf(first) })
    expect([first.closedWith?.code, second.closedWith]).toEqual([4504, undefined])
  })
})
