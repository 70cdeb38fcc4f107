import { memoryStorage } from "@magpie/journal"
import type { Env } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { closeBed, failureOf, greeted, type MemberBed, members, outcomeOf, publish, startMembers, tokenOf } from "./chat-bed.ts"

let bed: MemberBed
afterEach(() => closeBed(bed))

const inMs = (ms: number): number => bed.clock.now() + ms
const slowDisk = (env: Env) => memoryStorage({ env, commitDelayMs: 100 })

describe("a token", () => {
  it("[F32] longer than tokenBytes is refused before anybody looks at it", async () => {
    const seen: number[] = []
    bed = await startMembers({
      auth: {
        authenticate(credentials, clock) {
          seen.push(credentials.token?.length ?? 0)
          return members.authenticate(credentials, clock)
        },
      },
    })
    const longest = tokenOf("ann").padEnd(8_192, " ")
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, token: `${longest} ` })
    await bed.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "UNAUTHORIZED", details: { limit: "tokenBytes" } }])
    expect(raw.closedWith).toMatchObject({ code: 4502 })
    expect(seen).toEqual([])
    await greeted(bed, { token: longest })
    expect(seen).toEqual([8_192])
  })

  it.each([
    ["is missing", () => undefined],
    ["is nonsense", () => "nonsense"],
    ["has expired", () => tokenOf("ann", { expiresAt: inMs(-1) })],
  ])("[F32] that %s is UNAUTHORIZED, closed 4502, and opens nothing", async (_how, token) => {
    bed = await startMembers()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, token: token() }, { type: "subscribe", id: 1, channel: "chat/a" })
    await bed.clock.settle()
    expect(raw.replies).toMatchObject([{ type: "error", code: "UNAUTHORIZED", retryable: false }])
    expect(raw.closedWith).toMatchObject({ code: 4502 })
    expect(bed.server.connections.size).toBe(0)
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
  })

  it.each([4_000, 60_000, 3_600_000])(
    "[F33] of %i ms is called expiring at four fifths of its life, and ends the connection with 4005 after the grace",
    async (lifeMs) => {
      bed = await startMembers({ tokenGraceMs: 2_000 })
      const raw = await greeted(bed, { token: tokenOf("ann", { expiresAt: inMs(lifeMs) }) })
      const startedAt = bed.clock.monotonic()
      expect(raw.of("welcome")[0]).toMatchObject({ tokenExpiresInMs: lifeMs })
      await bed.clock.until(() => raw.of("token-expiring").length > 0, lifeMs * 2)
      const remindedMs = bed.clock.monotonic() - startedAt
      expect(remindedMs).toBeGreaterThanOrEqual(lifeMs * 0.8)
      expect(remindedMs).toBeLessThanOrEqual(lifeMs * 0.8 + 600)
      await bed.clock.until(() => raw.closedWith !== undefined, lifeMs)
      expect(raw.closedWith).toMatchObject({ code: 4005 })
      const endedMs = bed.clock.monotonic() - startedAt
      expect(endedMs).toBeGreaterThanOrEqual(lifeMs + 2_000)
      expect(endedMs).toBeLessThanOrEqual(lifeMs + 2_600)
      expect(raw.of("token-expiring")).toHaveLength(1)
    },
  )

  it("[F33] that a fresh one replaces in time ends nothing, and a shorter one counts from then on", async () => {
    // Without a heartbeat that would look at the connection anyway.
    bed = await startMembers({ tokenGraceMs: 0, heartbeatMs: 10_000_000 })
    const raw = await greeted(bed, { token: tokenOf("ann", { expiresAt: inMs(60_000) }) })
    await bed.clock.advance(30_000)
    raw.send({ type: "token", id: 1, token: tokenOf("ann", { expiresAt: inMs(120_000) }) })
    await bed.clock.advance(90_000)
    expect(raw.reply(1)).toMatchObject({ type: "token", tokenExpiresInMs: 120_000 })
    expect(raw.closedWith).toBeUndefined()
    raw.send({ type: "token", id: 2, token: tokenOf("ann", { expiresAt: inMs(1_000) }) })
    await bed.clock.advance(1_600)
    expect(raw.closedWith).toMatchObject({ code: 4005 })
  })

  it("[F33][G2] that ends while a publish is under way leaves it with one outcome", async () => {
    for (let beforeMs = 600; beforeMs >= -50; beforeMs -= 50) {
      bed = await startMembers({ tokenGraceMs: 0, storage: slowDisk })
      const token = tokenOf("ann", { expiresAt: inMs(5_000) })
      const raw = await greeted(bed, { token, producer: "producer-1" })
      await bed.clock.advance(5_500 - beforeMs)
      raw.send(publish(1, "at the last moment", { sequence: 1 }))
      await bed.clock.advance(5_000)
      expect(raw.closedWith).toMatchObject({ code: 4005 })
      const answers = raw.replies.filter(({ id }) => id === 1)
      expect(answers.length).toBeLessThanOrEqual(1)
      const again = await greeted(bed, { token: tokenOf("ann"), producer: "producer-1" })
      again.send(publish(1, "at the last moment", { sequence: 1 }))
      await bed.clock.advance(500)
      expect(again.reply(1)).toMatchObject({ type: "published", position: { offset: 1 } })
      if (answers[0]?.type === "published") expect(again.reply(1)).toMatchObject({ duplicate: true })
      expect(bed.server.channel("chat/a").position.offset).toBe(1)
      await closeBed(bed)
    }
    bed = await startMembers()
  })

  it("[F34] of another user closes the connection with 4502", async () => {
    bed = await startMembers()
    const raw = await greeted(bed, { token: tokenOf("ann") })
    raw.send({ type: "token", id: 1, token: tokenOf("bob") })
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4502 })
    expect(raw.reply(1)).toBeUndefined()
  })

  it("[F34][G10] with fewer rights ends what it no longer allows with FORBIDDEN, and leaves the rest", async () => {
    bed = await startMembers()
    let token = tokenOf("ann", { rooms: ["a", "b"], expiresAt: inMs(100_000) })
    const ann = bed.connect({ token: () => token })
    const [a, b] = [ann.channel("chat/a"), ann.channel("chat/b")]
    const heard: string[] = []
    for (const channel of [a, b]) channel.onAny(({ data }) => heard.push(data.text))
    await bed.clock.until(() => a.subscription.state.state === "live" && b.subscription.state.state === "live")
    await outcomeOf(bed, b.send("say", { text: "before" }))

    token = tokenOf("ann", { rooms: ["a"] })
    await bed.clock.until(() => b.subscription.state.state === "refused")
    expect(b.subscription.state).toMatchObject({ error: { code: "FORBIDDEN" } })
    expect(a.subscription.state.state).toBe("live")
    for (const name of ["chat/a", "chat/b"] as const) await outcomeOf(bed, bed.server.channel(name).publish("say", { text: `in ${name}` }))
    await bed.clock.advance(30_000)
    expect(heard).toEqual(["before", "in chat/a"])
    expect(await failureOf(bed, b.send("say", { text: "no more" }))).toMatchObject({ code: "FORBIDDEN" })
    expect(await failureOf(bed, b.history())).toMatchObject({ code: "FORBIDDEN" })
    expect(bed.server.counters.accepted).toBe(1)
  })

  it("[F34] that does not hold is refused and leaves the old one in force", async () => {
    bed = await startMembers()
    const raw = await greeted(bed, { token: tokenOf("ann", { expiresAt: inMs(60_000) }) })
    raw.send({ type: "token", id: 1, token: "nonsense" }, publish(2, "still here"))
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "UNAUTHORIZED" })
    expect(raw.reply(2)).toMatchObject({ type: "published" })
  })
})
