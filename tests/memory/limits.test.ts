import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, type MemberBed, publish, startChat, startMembers, tokenOf } from "./chat-bed.ts"

let bed: ChatBed | MemberBed
afterEach(() => closeBed(bed))

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe("a limit", () => {
  it("connections: one more is closed with 4009 and a hint, and has a place when another goes", async () => {
    bed = await startChat({ limits: { connections: 3 } })
    const [first] = [await greeted(bed), await greeted(bed), await greeted(bed, {}, { address: "192.0.2.1" })]
    const late = bed.raw()
    await bed.clock.settle()
    expect(late.closedWith?.code).toBe(4009)
    expect(late.closedWith?.reason).toMatch(/;retryAfterMs=\d+$/)
    expect(bed.server.counters["turnedAway{connection-limit}"]).toBe(1)
    first?.close()
    await bed.clock.advance(10)
    await greeted(bed)
  })

  it("[F12] connections: holds for 300 who come in one turn, and each place is free again once", async () => {
    bed = await startChat({ limits: { connections: 40, connectionsPerAddress: 30 } })
    const accepted = (): number => Number(bed.server.counters.accepted ?? 0)
    const raws = numbers(300).map((index) => bed.raw({ address: `192.0.2.${index % 3}` }))
    await bed.clock.settle()
    expect([accepted(), raws.filter(({ closedWith }) => closedWith === undefined).length]).toEqual([40, 40])
    for (const raw of raws) raw.close()
    await bed.clock.advance(10_000)
    for (const index of numbers(300)) bed.raw({ address: `192.0.2.${index % 3}` })
    await bed.clock.settle()
    expect(accepted()).toBe(80)
  })

  it("connections: has a place again when a link breaks before the server has taken it", async () => {
    bed = await startChat({ limits: { connections: 3 } })
    bed.network.latencyMs = 50
    for (const _ of numbers(3)) bed.raw()
    await bed.clock.advance(20)
    bed.network.reset()
    await bed.clock.advance(100)
    bed.network.latencyMs = 0
    for (const _ of numbers(3)) await greeted(bed)
  })

  it("connectionsPerAddress: counts one address and leaves the others alone", async () => {
    bed = await startChat({ limits: { connectionsPerAddress: 2 } })
    for (const _ of numbers(2)) await greeted(bed, {}, { address: "192.0.2.1" })
    const late = bed.raw({ address: "192.0.2.1" })
    await greeted(bed, {}, { address: "192.0.2.2" })
    expect(late.closedWith?.code).toBe(4009)
  })

  it("connectionsPerUser: counts one user, and not the link that a resume replaces", async () => {
    bed = await startMembers({ limits: { connectionsPerUser: 2 } })
    const [first] = [await greeted(bed, { token: tokenOf("ann") }), await greeted(bed, { token: tokenOf("ann") })]
    const late = bed.raw()
    late.send({ type: "hello", version: 1, token: tokenOf("ann") })
    await greeted(bed, { token: tokenOf("bob") })
    expect(late.closedWith?.code).toBe(4009)
    expect(late.closedWith?.reason).toMatch(/;retryAfterMs=5000$/)
    await greeted(bed, { token: tokenOf("ann"), session: first?.of("welcome")[0]?.session })
    expect(first?.closedWith?.code).toBe(4504)
  })

  it("handshakesPerSecond and handshakesPerAddressPerSecond: those beyond are told to come back", async () => {
    bed = await startChat({ limits: { handshakesPerSecond: 10, handshakesPerAddressPerSecond: 1 } })
    const one = numbers(12).map(() => bed.raw({ address: "192.0.2.1" }))
    await bed.clock.settle()
    expect(one.filter(({ closedWith }) => closedWith?.code === 1013)).toHaveLength(2)
    const many = numbers(12).map((index) => bed.raw({ address: `198.51.100.${index}` }))
    await bed.clock.settle()
    expect(many.filter(({ closedWith }) => closedWith?.code === 1013)).toHaveLength(2)
    expect(bed.server.counters["turnedAway{overloaded}"]).toBe(4)
  })

  it("channelNameBytes: counts bytes, not characters", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.send(
      { type: "subscribe", id: 1, channel: `chat/${"鵲".repeat(83)}` },
      { type: "subscribe", id: 2, channel: `chat/${"鵲".repeat(84)}` },
    )
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "subscribed" })
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "BAD_REQUEST" })
  })

  it("subscriptionsPerConnection: one more is LIMIT_EXCEEDED, one again is not one more", async () => {
    bed = await startChat({ limits: { subscriptionsPerConnection: 3 } })
    const raw = await greeted(bed)
    for (const id of [1, 2, 3, 4]) raw.send({ type: "subscribe", id, channel: `chat/${id}` })
    raw.send({ type: "subscribe", id: 5, channel: "chat/1" }, { type: "unsubscribe", id: 6, channel: "chat/2" })
    raw.send({ type: "subscribe", id: 7, channel: "chat/4" })
    await bed.clock.settle()
    expect(raw.reply(4)).toMatchObject({ type: "error", code: "LIMIT_EXCEEDED", details: { limit: "subscriptionsPerConnection" } })
    for (const id of [5, 7]) expect(raw.reply(id)).toMatchObject({ type: "subscribed" })
  })

  it("pendingPublishes: one more than may wait for the disk is RATE_LIMITED and not stored", async () => {
    bed = await startChat({ limits: { pendingPublishes: 5 }, storage: (env) => memoryStorage({ env, commitDelayMs: 50 }) })
    const raw = await greeted(bed)
    for (const id of numbers(7)) raw.send(publish(id, `${id}`))
    await bed.clock.settle()
    for (const id of [6, 7])
      expect(raw.reply(id)).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 250, details: { limit: "pendingPublishes" } })
    await bed.clock.advance(200)
    raw.send(publish(8, "8"))
    await bed.clock.advance(200)
    expect(
      bed.server
        .channel("chat/a")
        .history({ last: 9 })
        .map(({ data }) => data.text),
    ).toEqual(["1", "2", "3", "4", "5", "8"])
  })

  it("pendingRequests: more messages than may wait for a decision close the connection with 4006", async () => {
    bed = await startChat({
      limits: { pendingRequests: 10, messagesPerSecond: 10_000 },
      rules: { "chat/:room": { authorize: () => new Promise<boolean>(() => {}) } } as never,
    })
    const [patient, greedy] = [await greeted(bed), await greeted(bed)]
    for (const [raw, count] of [
      [patient, 10],
      [greedy, 11],
    ] as const) {
      raw.send({ type: "subscribe", id: 0, channel: "chat/a" })
      raw.send(...numbers(count).map((id) => ({ type: "ping", id })))
    }
    await bed.clock.settle()
    expect(patient.closedWith).toBeUndefined()
    expect(greedy.closedWith).toMatchObject({ code: 4006 })
  })

  it("queuedBytes, stallMs and the other limits may be set by name, and nothing else may", async () => {
    bed = await startChat()
    const start = (limits: object) => startChat({ limits })
    await expect(start({ queuedByte: 1 })).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option: "limits.queuedByte" } })
    await expect(start({ stallMs: 0 })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    await expect(start({ queuedBytes: 1_000 })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
  })
})
