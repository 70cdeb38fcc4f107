import type { RawConnection } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import {
  type ChatBed,
  closeBed,
  greeted,
  listen,
  type MemberBed,
  numbered,
  outcomeOf,
  publish,
  say,
  startChat,
  startMembers,
  tokenOf,
} from "./chat-bed.ts"

let bed: ChatBed | MemberBed
afterEach(() => closeBed(bed))

function flood(raw: RawConnection, count: number): void {
  raw.send(...Array.from({ length: count }, (_, id) => ({ type: "ping", id })))
}
const refused = (raws: readonly RawConnection[]) => raws.flatMap((raw) => raw.of("error"))

describe("too many messages", () => {
  it("[F49] of one connection beyond messagesPerSecond are RATE_LIMITED with the exact wait", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    flood(raw, 403)
    await bed.clock.settle()
    expect(raw.of("pong")).toHaveLength(400)
    expect(raw.of("error")).toMatchObject([400, 401, 402].map((id) => ({ id, code: "RATE_LIMITED", retryable: true, retryAfterMs: 5 })))
    await bed.clock.advance(4)
    raw.send({ type: "ping", id: 1_000 })
    await bed.clock.settle()
    expect(raw.reply(1_000)).toMatchObject({ type: "error", retryAfterMs: 1 })
    await bed.clock.advance(1)
    raw.send({ type: "ping", id: 1_001 })
    await bed.clock.settle()
    expect(raw.reply(1_001)).toMatchObject({ type: "pong" })
  })

  it("[F49] [F66] are counted as such, and a channel that is left among them is left all the same", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.send({ type: "subscribe", id: 1, channel: "chat/lobby" })
    await bed.clock.settle()
    flood(raw, 402)
    raw.send({ type: "unsubscribe", id: 5_000, channel: "chat/lobby" })
    await bed.clock.settle()
    expect(refused([raw]).length).toBeGreaterThan(0)
    expect(raw.reply(5_000)).toMatchObject({ type: "unsubscribed", channel: "chat/lobby" })
    expect([...bed.server.connections].map(({ channels }) => channels)).toEqual([[]])
  })

  it("[F49] of one user over twenty connections are held to messagesPerUserPerSecond, and another user's are not", async () => {
    bed = await startMembers()
    const raws: RawConnection[] = []
    for (let index = 0; index < 20; index++) raws.push(await greeted(bed, { token: tokenOf("ann") }, { address: `192.0.2.${index}` }))
    const bob = await greeted(bed, { token: tokenOf("bob") })
    for (const raw of raws) flood(raw, 105)
    flood(bob, 100)
    await bed.clock.settle()
    expect(refused(raws)).toHaveLength(100)
    expect(refused(raws)[0]).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 1 })
    expect(bob.of("pong")).toHaveLength(100)
  })

  it("[F49] of a user count as the user's also where something was said before the hello", async () => {
    bed = await startMembers({ limits: { messagesPerUserPerSecond: 50 } })
    const raws = Array.from({ length: 5 }, () => bed.raw())
    for (const raw of raws) raw.send({ type: "ping" }, { type: "hello", version: 1, token: tokenOf("ann") })
    await bed.clock.settle()
    for (const raw of raws) flood(raw, 100)
    await bed.clock.settle()
    expect(raws.flatMap((raw) => raw.of("pong"))).toHaveLength(100)
  })

  it("[F49] from one address are held to messagesPerAddressPerSecond, and neighbours lose nothing", async () => {
    bed = await startChat()
    const honest = bed.connect({ address: "198.51.100.1" })
    const listener = listen(bed.connect({ address: "198.51.100.2" }))
    await bed.clock.until(listener.isLive)
    const raws: RawConnection[] = []
    for (let index = 0; index < 30; index++) raws.push(await greeted(bed, {}, { address: "192.0.2.66" }))
    const receipts: Promise<unknown>[] = []
    const texts = Array.from({ length: 20 }, (_, index) => `honest ${index}`)
    for (const text of texts) {
      for (const raw of raws) flood(raw, 20)
      receipts.push(say(honest, text))
      await bed.clock.settle()
    }
    // 12,000 within a burst of 10,000; the meter counts in fractions of a millisecond.
    expect(Math.abs(refused(raws).length - 2_000)).toBeLessThanOrEqual(2)
    await outcomeOf(bed, Promise.all(receipts))
    expect(listener.heard).toEqual(numbered(texts))
  })

  it("[F49] after rateStrikes refusals close the connection with 4006, and nobody else's", async () => {
    bed = await startChat()
    const [raw, neighbour] = [await greeted(bed), await greeted(bed)]
    flood(raw, 1_000)
    flood(raw, 400)
    await bed.clock.settle()
    expect(raw.closedWith).toBeUndefined()
    flood(raw, 1)
    await bed.clock.settle()
    expect(raw.closedWith?.code).toBe(4006)
    expect(raw.closedWith?.reason).toMatch(/retryAfterMs=\d+$/)
    flood(neighbour, 1)
    await bed.clock.settle()
    expect(neighbour.of("pong")).toHaveLength(1)
  })

  it("[F49] of one sort are held to the rate of their channel's rules, over all its channels, and others are not", async () => {
    const rules = { "chat/:room": { authorize: () => true, rate: { say: 2 } } }
    bed = await startChat({ rules } as never)
    const [raw, other] = [await greeted(bed, {}, { address: "192.0.2.1" }), await greeted(bed, {}, { address: "192.0.2.2" })]
    for (let id = 0; id < 6; id++) raw.send(publish(id, "x", { channel: `chat/${id % 2}` }))
    other.send(publish(1, "x"))
    raw.send(publish(10, "x", { channel: "short/a" }))
    await bed.clock.settle()
    expect(raw.of("published")).toHaveLength(5)
    expect(raw.of("error")).toMatchObject(
      [4, 5].map((id) => ({ id, code: "RATE_LIMITED", retryable: true, retryAfterMs: 500, details: { limit: "rate", name: "say" } })),
    )
    expect(other.reply(1)).toMatchObject({ type: "published" })
    await bed.clock.advance(500)
    raw.send(publish(11, "x"))
    await bed.clock.settle()
    expect(raw.reply(11)).toMatchObject({ type: "published" })
  })

  it("[F49] of one sort beyond its rate count towards the end of the connection, like all that are too many", async () => {
    const rules = { "chat/:room": { authorize: () => true, rate: { say: 1 } } }
    bed = await startChat({ rules, limits: { rateStrikes: 20 } } as never)
    const raw = await greeted(bed)
    for (let id = 0; id < 22; id++) raw.send(publish(id, "x"))
    await bed.clock.settle()
    expect(raw.closedWith).toBeUndefined()
    raw.send(publish(22, "x"))
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4006 })
  })

  it("[F49][G2] of one sort beyond its rate reach everybody in the end, in order and once", async () => {
    const rules = { "chat/:room": { authorize: () => true, rate: { say: 20 } } }
    bed = await startChat({ rules } as never)
    const ann = bed.connect({ address: "192.0.2.1" })
    const listener = listen(bed.connect({ address: "192.0.2.2" }))
    await bed.clock.until(listener.isLive)
    const all = Array.from({ length: 100 }, (_, index) => `${index}`)
    await outcomeOf(bed, Promise.all(all.map((text) => say(ann, text))))
    expect(listener.heard).toEqual(numbered(all))
  })

  it("[F49] of one sort have a rate only where the channel has that sort", async () => {
    const rules = { "chat/:room": { authorize: () => true, rate: { shout: 1 } } }
    await expect(startChat({ rules } as never)).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option: "rate" } })
    bed = await startChat()
  })

  it("[F49][G2] of an honest client are sent again later, in order, and none is lost", async () => {
    // Its connection alone is within the rate that the welcome told.
    bed = await startChat({ limits: { messagesPerAddressPerSecond: 10 } })
    const ann = bed.connect({ address: "192.0.2.1" })
    const listener = listen(bed.connect())
    await bed.clock.until(listener.isLive)
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`)
    await outcomeOf(bed, Promise.all(texts.map((text) => say(ann, text))))
    expect(listener.heard).toEqual(numbered(texts))
    expect(bed.server.counters["refused{RATE_LIMITED}"]).toBeGreaterThan(0)
  })
})
