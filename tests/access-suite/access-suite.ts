import { createHmac } from "node:crypto"
import { exportJWK } from "jose"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { closeBed, outcomeOf } from "../memory/chat-bed.ts"
import { type AccessBed, type Door, forge, KEY, PEM, publicKey, RIGHTS, startAccessBed, type TokenOptions, tokenFor } from "./access-bed.ts"
import { canarySuite } from "./canary-suite.ts"
import { jwtWithoutKeys } from "./no-keys.ts"
import { pageSuite } from "./page-suite.ts"
import { rightsSuite } from "./rights-suite.ts"
import { ticketSuite } from "./ticket-suite.ts"
import { type AccessSuite, expectRefusal, expectWelcome } from "./visitors.ts"

/**
 * FAULTS D, 31 to 43, for one transport [F42]: what it carries differs, what is decided does not. Each transport's own test
 * runs it with its door.
 */
export function accessSuite(door: Door): void {
  let bed: AccessBed
  beforeEach(async () => {
    bed = await startAccessBed()
  })
  afterEach(() => closeBed(bed as never))

  const suite: AccessSuite = {
    door,
    get bed() {
      return bed
    },
    enter: (visit = {}) => door.enter(bed, visit),
    enterAs: async (options, visit) => door.enter(bed, { ...visit, token: await tokenFor(bed, options) }),
  }

  describe(`over ${door.name}`, () => {
    tokenSuite(suite)
    ticketSuite(suite)
    rightsSuite(suite)
    pageSuite(suite)
    if (door.speaks !== false) canarySuite(suite)
  })
}

function tokenSuite(suite: AccessSuite): void {
  const { enter, enterAs } = suite

  it("[F31][F42] forged tokens are UNAUTHORIZED, however they name their key", async () => {
    const now = Math.floor(suite.bed.clock.now() / 1_000)
    const claims = { iss: "https://issuer.example", aud: "magpie", sub: "ann", exp: now + 60, magpie: RIGHTS }
    const signed = forge({ alg: "HS256" }, claims, "").slice(0, -1)
    const headers = [
      { alg: "none" },
      { alg: "None" },
      { alg: "ES256", crit: ["x-unknown"], "x-unknown": 1 },
      { alg: "ES256", jku: "http://127.0.0.1:1/keys" },
      { alg: "ES256", x5u: "http://127.0.0.1:1/cert" },
      { alg: "ES256", jwk: await exportJWK(publicKey) },
      { alg: "ES256", kid: "../../etc/passwd" },
      { alg: "ES256", kid: "' OR 1=1 --" },
      { alg: "ES256", kid: "k".repeat(4_000) },
    ]
    const tokens = headers.map((header) => forge(header, claims))
    tokens.push(`${signed}.${createHmac("sha256", PEM).update(signed).digest("base64url")}`)
    for (const token of tokens) expectRefusal(await enter({ token }))
    expectWelcome(await enterAs(), "ann")
    expect(suite.bed.server.connections.size).toBe(1)
  })

  it.each<[string, TokenOptions]>([
    ["is expired", { lifeMs: -6_000 }],
    ["is not valid yet", { claims: { nbf: 1_767_225_600 + 60 } }],
    ["is meant for others", { claims: { aud: "other" } }],
    ["is another issuer's", { claims: { iss: "https://evil.example" } }],
    ["names nobody", { claims: { sub: "" } }],
    ["never expires", { claims: { exp: undefined } }],
    ["is longer than tokenBytes", { claims: { pad: "x".repeat(7_000) } }],
  ])("[F32][F42] a token that %s is UNAUTHORIZED", async (_why, options) => {
    expectRefusal(await enterAs(options))
    expect(suite.bed.server.connections.size).toBe(0)
  })

  it("[F36][F42] nobody is refused for good while keys cannot be had", async () => {
    const lost = await startAccessBed({ auth: jwtWithoutKeys() })
    const raw = await suite.door.enter(lost, { token: await tokenFor(lost) })
    expectRefusal(raw, { error: "UNAVAILABLE", code: 1013 })
    expect(raw.closedWith?.reason).toMatch(/retryAfterMs=\d+$/)
    await closeBed(lost as never)
  })

  if (suite.door.speaks === false) return

  it("[F33][F42] a token is called expiring in time, a fresh one in its place ends nothing, and its end does", async () => {
    const raw = await enterAs({ lifeMs: 60_000 })
    await suite.bed.pass(55_000)
    expect(raw.of("token-expiring")).toHaveLength(1)
    raw.send({ type: "token", id: 1, token: await tokenFor(suite.bed, { lifeMs: 60_000 }) })
    await suite.bed.idle()
    await suite.bed.pass(60_000)
    expect(raw.reply(1)).toMatchObject({ type: "token" })
    expect(raw.closedWith).toBeUndefined()
    await suite.bed.pass(10_000)
    expect(raw.closedWith).toMatchObject({ code: 4005 })
  })

  it("[F34][F42] a fresh token of another user ends the connection, one with fewer rights what it no longer allows", async () => {
    const { bed } = suite
    const raw = await enterAs()
    for (const [id, channel] of ["chat/a", "chat/b"].entries()) raw.send({ type: "subscribe", id, channel })
    await bed.idle()
    raw.send({ type: "token", id: 7, token: await tokenFor(bed, { rights: { "chat/a": ["subscribe"] } }) })
    await bed.idle()
    expect(raw.of("unsubscribed")).toMatchObject([{ channel: "chat/b", code: "FORBIDDEN" }])
    for (const channel of ["chat/a", "chat/b"] as const) await outcomeOf(bed, bed.server.channel(channel).publish("say", { text: "x" }))
    await bed.clock.advance(1_000)
    expect(raw.of("message")).toMatchObject([{ channel: "chat/a" }])
    raw.send({ type: "token", id: 8, token: await tokenFor(bed, { sub: "bob" }) })
    await bed.idle()
    expect(raw.closedWith).toMatchObject({ code: 4502 })
  })

  it("[F34][F35][F42] a fresh token that was revoked is refused, and the old one stays in force", async () => {
    const { bed } = suite
    const revoked = await tokenFor(bed, { claims: { jti: "t-9" } })
    const raw = await enterAs()
    await outcomeOf(bed, bed.server.revoke({ token: "t-9" }))
    raw.send({ type: "token", id: 1, token: revoked })
    raw.send({ type: "publish", id: 2, channel: "chat/a", name: "say", data: { text: "x" } })
    await bed.idle()
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "UNAUTHORIZED" })
    expect(raw.reply(2)).toMatchObject({ type: "published" })
  })

  it("[F49][F42] a key has rights and limits of its own, whatever the channel's rules say of its user", async () => {
    const { bed } = suite
    const publish = (id: number, channel: string) => ({ type: "publish", id, channel, name: "move", data: { x: id } })
    const [first, second, third] = [await enter({ key: KEY }), await enter({ key: KEY }), await enter({ key: KEY })]
    expectWelcome(first, "weather")
    expectWelcome(second, "weather")
    expect(third.closedWith).toMatchObject({ code: 4009 })
    first.send(publish(1, "cursor/a"))
    first.send({ type: "subscribe", id: 2, channel: "cursor/a" })
    first.send({ type: "publish", id: 3, channel: "chat/a", name: "say", data: { text: "x" } })
    await bed.idle()
    expect(first.reply(1)).toMatchObject({ type: "published" })
    expect(first.reply(2)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(first.reply(3)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    second.send(publish(4, "cursor/a"))
    second.send(publish(5, "cursor/a"))
    await bed.idle()
    expect(second.reply(4)).toMatchObject({ type: "published" })
    expect(second.reply(5)).toMatchObject({ type: "error", code: "RATE_LIMITED", retryAfterMs: 500 })
    await bed.clock.advance(500)
    second.send(publish(6, "cursor/a"))
    await bed.idle()
    expect(second.reply(6)).toMatchObject({ type: "published" })
  })
}
