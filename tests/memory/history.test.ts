import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, greeted, outcomeOf, publish, startChat, startMembers, tokenOf } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

async function startWith(count: number, text = (index: number) => `${index}`) {
  bed = await startChat()
  const channel = bed.server.channel("chat/a")
  const all = Array.from({ length: count }, (_, index) => channel.publish("say", { text: text(index + 1) }))
  await Promise.all([...all, bed.clock.settle()])
  return bed.connect().channel("chat/a")
}
const offsetsOf = (page: { messages: readonly { offset: number | undefined }[] }) => page.messages.map(({ offset }) => offset)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe("history", () => {
  it("goes back page by page from the newest to the first", async () => {
    const channel = await startWith(120)
    let page = await outcomeOf(bed, channel.history())
    expect(offsetsOf(page)).toEqual(range(71, 120))
    expect(page).toMatchObject({ more: true, position: { offset: 120 } })
    page = await outcomeOf(bed, page.next() ?? Promise.reject(new Error("no page")))
    expect(offsetsOf(page)).toEqual(range(21, 70))
    page = await outcomeOf(bed, page.next() ?? Promise.reject(new Error("no page")))
    expect(offsetsOf(page)).toEqual(range(1, 20))
    expect(page.more).toBe(false)
    expect(page.next()).toBeUndefined()
  })

  it("goes forward page by page from an offset to the newest", async () => {
    const channel = await startWith(120)
    let page = await outcomeOf(bed, channel.history({ after: 10, limit: 60 }))
    expect(offsetsOf(page)).toEqual(range(11, 70))
    page = await outcomeOf(bed, page.next() ?? Promise.reject(new Error("no page")))
    expect(offsetsOf(page)).toEqual(range(71, 120))
    expect(page.more).toBe(false)
    expect(offsetsOf(await outcomeOf(bed, channel.history({ before: 11, limit: 3 })))).toEqual([8, 9, 10])
    expect(offsetsOf(await outcomeOf(bed, channel.history({ after: 120 })))).toEqual([])
  })

  it("takes at most historyPage messages, and refuses both directions at once", async () => {
    const channel = await startWith(600)
    expect(offsetsOf(await outcomeOf(bed, channel.history({ limit: 500 })))).toEqual(range(101, 600))
    expect(await failureOf(bed, channel.history({ limit: 501 }))).toMatchObject({ code: "BAD_REQUEST", details: { limit: "historyPage" } })
    const raw = await greeted(bed)
    raw.send({ type: "history", id: 1, channel: "chat/a", before: 5, after: 1 }, { type: "history", id: 2, channel: "cursor/a" })
    await bed.clock.settle()
    for (const id of [1, 2]) expect(raw.reply(id)).toMatchObject({ type: "error", code: "BAD_REQUEST" })
  })

  it("gives at most historyPage messages where the request names no limit and that is fewer than 50", async () => {
    bed = await startChat({ limits: { historyPage: 10 } })
    for (let index = 0; index < 15; index++) await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: `${index}` }))
    const raw = await greeted(bed)
    raw.send({ type: "history", id: 1, channel: "chat/a" }, { type: "history", id: 2, channel: "chat/a", limit: 11 })
    await bed.clock.settle()
    const [page] = raw.of("history") as unknown as [{ messages: { offset: number }[]; more: boolean }]
    expect(offsetsOf(page)).toEqual(range(6, 15))
    expect(page.more).toBe(true)
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "BAD_REQUEST", details: { limit: "historyPage" } })
  })

  it("gives at most historyPageBytes in a page, or one message where that is larger", async () => {
    const channel = await startWith(10, (index) => (index === 5 ? "x".repeat(200_000) : "x".repeat(30_000)))
    const sizes: number[] = []
    for (let page = await outcomeOf(bed, channel.history({ after: 0 })); ; page = await outcomeOf(bed, page.next() ?? Promise.reject())) {
      sizes.push(page.messages.length)
      if (!page.more) break
    }
    expect(sizes).toEqual([4, 1, 4, 1])
  })

  it("is RATE_LIMITED beyond historyReadsPerSecond, with the exact wait", async () => {
    await startWith(3)
    const raw = await greeted(bed)
    raw.send(...range(1, 102).map((id) => ({ type: "history", id, channel: "chat/a" })))
    await bed.clock.settle()
    expect(raw.of("history")).toHaveLength(100)
    expect(raw.reply(101)).toMatchObject({
      type: "error",
      code: "RATE_LIMITED",
      retryAfterMs: 20,
      details: { limit: "historyReadsPerSecond" },
    })
  })

  it("[G4] says what is gone where the next message is", async () => {
    bed = await startChat()
    for (let index = 0; index < 25; index++) await outcomeOf(bed, bed.server.channel("short/a").publish("say", { text: `${index}` }))
    const channel = bed.connect().channel("short/a")
    expect(await failureOf(bed, channel.history({ after: 3 }))).toMatchObject({
      code: "UNRECOVERABLE",
      details: { reason: "trimmed", from: 4, to: 15 },
    })
    const page = await outcomeOf(bed, channel.history())
    expect(offsetsOf(page)).toEqual(range(16, 25))
    expect(page.more).toBe(false)
  })
})

describe("subscribing with last", () => {
  it.each([
    [3, [98, 99, 100]],
    [1_000, range(1, 100)],
  ])("%i begins with the newest, then goes on live", async (last, expected) => {
    const channel = await startWith(100)
    const heard: (number | undefined)[] = []
    const asked = channel.subscribe({ last })
    channel.onAny(({ offset }) => heard.push(offset))
    await outcomeOf(bed, asked)
    await outcomeOf(bed, channel.send("say", { text: "live" }))
    await bed.clock.settle()
    expect(heard).toEqual([...expected, 101])
  })

  it("more than historyPage begins with historyPage messages", async () => {
    await startWith(600)
    const raw = await greeted(bed)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", last: 1_000_000 })
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ answer: "new", position: { offset: 100 } })
    expect(raw.of("message")).toHaveLength(500)
  })

  it("on an empty channel begins live", async () => {
    await startWith(0)
    const raw = await greeted(bed)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", last: 5 }, publish(2, "first"))
    await bed.clock.settle()
    expect(raw.of("message").map(({ offset }) => offset)).toEqual([1])
  })
})

describe("an idempotency key", () => {
  it("[G2] stores the same content once, and calls other content a CONFLICT", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    const key = "order-1"
    raw.send(publish(1, "same", { key }), publish(2, "same", { key }), publish(3, "other", { key }), publish(4, "same", { key: "order-2" }))
    raw.send(publish(5, "same", { key, channel: "chat/b" }))
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 1 }, duplicate: true })
    expect(raw.reply(3)).toMatchObject({ type: "error", code: "CONFLICT" })
    expect(raw.reply(4)).toMatchObject({ type: "published", position: { offset: 2 } })
    expect(raw.reply(5)).toMatchObject({ type: "published", position: { offset: 1 } })
  })

  it("[G2][G10] is a user's own: no user's, and not the server's, stands in the way of another's", async () => {
    const members = await startMembers()
    const key = "k"
    // Names and keys that would be one when put together carelessly.
    const claims = [
      ["a", "b/k"],
      ["a/b", "k"],
      ["server", key],
      ["anonymous", key],
      ["user", key],
    ] as const
    for (const [id, own] of claims) {
      const raw = await greeted(members, { token: tokenOf(id) })
      raw.send(publish(1, `by ${id}`, { key: own }))
      await members.clock.settle()
      expect(raw.reply(1), id).toMatchObject({ type: "published" })
      expect(raw.reply(1), id).not.toHaveProperty("duplicate")
    }
    const own = members.server.channel("chat/a").publish("say", { text: "by the server" }, { key })
    expect(await outcomeOf(members, own)).toMatchObject({ duplicate: false })
    const again = members.server.channel("chat/a").publish("say", { text: "by the server" }, { key })
    expect(await outcomeOf(members, again)).toMatchObject({ duplicate: true, position: { offset: 6 } })
    await closeBed(members)
    bed = await startChat()
  })

  it("comes back as ref, on a stream and on a broadcast, to everybody", async () => {
    bed = await startChat()
    const [ann, bob] = [bed.connect(), bed.connect()]
    const refs: (string | undefined)[] = []
    for (const client of [ann, bob]) {
      client.channel("chat/a").onAny(({ ref }) => refs.push(ref))
      client.channel("cursor/a").onAny(({ ref }) => refs.push(ref))
    }
    await bed.clock.advance(100)
    await outcomeOf(bed, ann.channel("chat/a").send("say", { text: "x" }, { ref: "mine" }))
    ann.channel("cursor/a").send("move", { x: 1 }, { ref: "moved" })
    await bed.clock.settle()
    expect(refs.sort()).toEqual(["mine", "mine", "moved", "moved"])
  })
})
