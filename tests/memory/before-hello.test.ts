import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, type MemberBed, publish, startChat, startMembers, tokenOf } from "./chat-bed.ts"

let bed: ChatBed | MemberBed
afterEach(() => closeBed(bed))

describe("a connection that has not said hello", () => {
  it("[F13] within helloMs is closed with 4501", async () => {
    bed = await startChat()
    const raw = bed.raw()
    await bed.clock.advance(4_900)
    expect(raw.closedWith).toBeUndefined()
    await bed.clock.advance(600)
    expect(raw.closedWith).toMatchObject({ code: 4501 })
    expect(raw.replies).toEqual([])
    expect(bed.server.connections.size).toBe(0)
  })

  it("[F13] is closed with 4501 also while its authentication takes too long", async () => {
    bed = await startChat({ auth: { authenticate: () => new Promise(() => {}) } })
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 })
    await bed.clock.advance(5_500)
    expect(raw.closedWith).toMatchObject({ code: 4501 })
  })

  it("[F13] and sends more than helloBytes is closed with 4500", async () => {
    bed = await startChat()
    const raw = bed.raw()
    raw.sendFrame(`{"type":"ping","x":"${"x".repeat(60_000)}"}`)
    await bed.clock.settle()
    expect(raw.closedWith).toBeUndefined()
    raw.sendFrame(`{"type":"ping","x":"${"x".repeat(6_000)}"}`)
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4500 })
  })

  it.each(["in frames of their own", "in one frame"])("[F13] and sends more than helloMessages %s is closed with 4500", async (how) => {
    bed = await startChat()
    const [modest, greedy] = [bed.raw(), bed.raw()]
    const pings = (count: number) => Array.from({ length: count }, (_, id) => ({ type: "ping", id }))
    for (const [raw, count] of [
      [modest, 8],
      [greedy, 9],
    ] as const) {
      if (how === "in one frame") raw.send(...pings(count))
      else for (const ping of pings(count)) raw.send(ping)
    }
    await bed.clock.settle()
    expect(modest.closedWith).toBeUndefined()
    expect(modest.of("error").map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => "UNAUTHORIZED"))
    expect(greedy.closedWith).toMatchObject({ code: 4500 })
  })

  it("[F13][G10] touches no channel, no rule and no storage", async () => {
    const touched: string[] = []
    const disk = memoryStorage()
    bed = await startMembers({
      storage: disk,
      rules: { "chat/:room": { authorize: () => touched.push("rule") > 0 } } as never,
    })
    for (const method of ["get", "range", "commit"] as const) {
      const real = disk[method] as (...given: never[]) => never
      Object.assign(disk, {
        [method]: (...given: never[]) => {
          touched.push(method)
          return real(...given)
        },
      })
    }
    const raw = bed.raw()
    const position = { epoch: "e", offset: 1 }
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", position }, publish(2, "x"), { type: "history", id: 3, channel: "chat/a" })
    raw.send({ type: "token", id: 4, token: tokenOf("ann") }, { type: "ping", id: 5, positions: { "chat/a": 1 } })
    await bed.clock.settle()
    expect(raw.replies.map(({ id, code }) => `${id} ${code}`)).toEqual([1, 2, 3, 4, 5].map((id) => `${id} UNAUTHORIZED`))
    expect(touched).toEqual([])
  })

  it("is answered in the order of sending, when its hello stands in front", async () => {
    bed = await startChat()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 }, { type: "subscribe", id: 1, channel: "chat/a" }, publish(2, "early"))
    await bed.clock.settle()
    expect(raw.replies.map(({ type }) => type)).toEqual(["welcome", "subscribed", "message", "published"])
  })

  it("is closed with 4505 when it speaks a version that is too old to be spoken to", async () => {
    bed = await startChat()
    await greeted(bed, { version: 99 })
    const raw = bed.raw()
    raw.send({ type: "hello", version: 0 })
    await bed.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "BAD_REQUEST", details: { field: "version" } }])
  })
})
