import type { RevokeOptions } from "@magpie/server"
import { expect, it } from "vitest"
import { outcomeOf } from "../memory/chat-bed.ts"
import { KEY, tokenFor } from "./access-bed.ts"
import { type AccessSuite, expectRefusal, expectWelcome } from "./visitors.ts"

const REQUESTS = {
  subscribe: (channel: string) => ({ type: "subscribe", id: 1, channel }),
  publish: (channel: string) => ({ type: "publish", id: 1, channel, name: "say", data: { text: "x" } }),
  history: (channel: string) => ({ type: "history", id: 1, channel }),
} as const
const ACTIONS = ["subscribe", "publish", "history"] as const

/** FAULTS D 35 and 38 to 40: what somebody who is in may do, and how long. */
export function rightsSuite(suite: AccessSuite): void {
  const { door, enter, enterAs } = suite

  async function answerTo(rights: object, message: object): Promise<object | undefined> {
    const raw = await enterAs({ rights })
    raw.send(message)
    await suite.bed.idle()
    raw.close()
    return raw.reply(1)
  }

  it.each(ACTIONS)(
    "[F38][F42] without the right to it, %s is FORBIDDEN, also for near names and for channels that do not exist",
    async (action) => {
      const rights = { "chat/42": [action], "chat/a": ACTIONS.filter((other) => other !== action), "short/:room": ["none"] }
      expect(await answerTo(rights, REQUESTS[action]("chat/42"))).not.toMatchObject({ type: "error" })
      for (const channel of ["chat/421", "chat/4", "chat/42\u0301", "chat/４２", "chat/*", "chat/a", "short/42", "chat/__proto__"]) {
        expect(await answerTo(rights, REQUESTS[action](channel)), channel).toMatchObject({ type: "error", code: "FORBIDDEN" })
      }
      for (const channel of ["chat/..", "chat/", "/chat/42", "chat/a b", "chat/\u200b42", `chat/${"x".repeat(10_240)}`, "chat/:room"]) {
        expect(await answerTo(rights, REQUESTS[action](channel)), channel).toMatchObject({ type: "error", code: "BAD_REQUEST" })
      }
      expect(await answerTo(rights, REQUESTS[action]("nowhere/42"))).toMatchObject({ type: "error", code: "UNKNOWN_CHANNEL" })
    },
  )

  it.each<[string, RevokeOptions]>([
    ["user", { user: "ann" }],
    ["token", { token: "t-1" }],
    ["claim", { claim: { org: "acme" } }],
  ])("[F35][G10][F42] who is revoked by %s is out at once and for good, and nobody else", async (_by, target) => {
    const { bed } = suite
    const mine = { claims: { jti: "t-1", org: "acme" } }
    const other = { sub: "bob", claims: { jti: "t-2", org: "other" } }
    const token = await tokenFor(bed, mine)
    const [first, second, bob] = [await enter({ token }), await enter({ token }), await enterAs(other)]
    for (const raw of [first, second, bob]) raw.send(REQUESTS.subscribe("chat/a"))
    await bed.idle()
    const session = String(first.of("welcome")[0]?.session)
    await outcomeOf(bed, bed.server.revoke(target))
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "for the others" }))
    await bed.clock.advance(1_000)
    expect([first, second].map((raw) => [raw.closedWith?.code, raw.of("message")])).toEqual([
      [4503, []],
      [4503, []],
    ])
    expect(bob.of("message")).toHaveLength(1)
    expectRefusal(await enter({ token, session }))
    expectRefusal(await enter({ token }))
    expectWelcome(await enterAs(other), "bob")
    // What is issued later counts, from the next whole second on.
    await bed.clock.advance(1_000)
    expectWelcome(await enterAs(mine), "ann")
  })

  it("[F35][F42] a revocation reaches tickets and keys, and ends after its time", async () => {
    const { bed } = suite
    const { tickets } = bed.server
    const issue = (id: string, org: string) => tickets.issue({ user: { id, claims: {} }, claims: { org }, expiresInMs: 600_000 })
    const given = [issue("ann", "acme"), issue("bob", "acme"), issue("bob", "other")]
    const byKey = await enter({ key: KEY })
    expectWelcome(byKey, "weather")
    const revocations: RevokeOptions[] = [{ user: "ann" }, { claim: { org: "acme" } }, { token: "weather-1", forMs: 60_000 }]
    for (const target of revocations) await outcomeOf(bed, bed.server.revoke(target))
    expect(byKey.closedWith).toMatchObject({ code: 4503 })
    const answers = []
    for (const ticket of given) answers.push((await enter({ ticket })).of("welcome").length)
    expect(answers).toEqual([0, 0, 1])
    expectRefusal(await enter({ key: KEY }))
    await bed.clock.advance(62_000)
    expectWelcome(await enter({ key: KEY }), "weather")
  })

  it("[F39][F42] a resume gives what the rights of now allow", async () => {
    const { bed } = suite
    const before = await enterAs()
    before.send(REQUESTS.subscribe("chat/a"))
    await bed.idle()
    const { position } = before.reply(1) as unknown as { position: object }
    before.close()
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "missed" }))
    const after = await enterAs({ rights: { "chat/b": ACTIONS } })
    after.send({ ...REQUESTS.subscribe("chat/a"), position })
    await bed.idle()
    expect(after.reply(1)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(after.of("message")).toEqual([])
  })

  it("[F40][F42] another's session is worth nothing, and wrong credentials over and over are slowed down and told", async () => {
    const { bed } = suite
    const ann = await enterAs()
    const session = String(ann.of("welcome")[0]?.session)
    if (door.resumes) {
      const eve = await enterAs({ sub: "eve" }, { session })
      expect(eve.of("welcome")[0]).toMatchObject({ user: "eve" })
      expect(eve.of("welcome")[0]?.session).not.toBe(session)
      expectRefusal(await enter({ session, token: "guess" }))
    }
    const from = { address: "192.0.2.66" }
    const answers = []
    for (let index = 0; index < 220; index++) answers.push((await enter({ ...from, key: `guess ${index}` })).closedWith?.code)
    expect(new Set(answers)).toEqual(new Set([4502, 1013]))
    expect(answers.slice(-10)).toEqual(Array(10).fill(1013))
    expect(bed.env.lines.filter(({ event }) => event === "wrong-credentials")).toMatchObject([{ level: "error", fields: from }])
    expect(ann.closedWith).toBeUndefined()
    expectWelcome(await enterAs(), "ann")
  })
}
