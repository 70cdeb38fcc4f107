import { memoryStorage, type RevokeOptions } from "@magpie/server"
import { expect, it } from "vitest"
import { closeBed, outcomeOf } from "../memory/chat-bed.ts"
import { type AccessBedOptions, can, KEY, RIGHTS, startAccessBed, tokenFor } from "./access-bed.ts"
import { type AccessSuite, expectRefusal, expectWelcome } from "./visitors.ts"

const REQUESTS = {
  subscribe: (channel: string) => ({ type: "subscribe", id: 1, channel }),
  publish: (channel: string) => ({ type: "publish", id: 1, channel, name: "say", data: { text: "x" } }),
  history: (channel: string) => ({ type: "history", id: 1, channel }),
  enter: (channel: string) => ({ type: "enter", id: 1, channel, state: { name: "x" } }),
  watch: (channel: string) => ({ type: "watch", id: 1, channel }),
  members: (channel: string) => ({ type: "members", id: 1, channel }),
} as const
const ASKED = ["subscribe", "publish", "history", "enter", "watch", "members"] as const
const ACTIONS = ["subscribe", "publish", "history", "enter", "watch"] as const
/** Reading who is there page by page is a part of watching. */
const rightTo = (asked: (typeof ASKED)[number]): (typeof ACTIONS)[number] => (asked === "members" ? "watch" : asked)

/** Options of a bed that notes what is read of its storage, and that somebody was asked for a right. */
function watched(work: string[]): AccessBedOptions {
  const { get, range, ...storage } = memoryStorage()
  return {
    storage: {
      ...storage,
      get(key) {
        work.push("get")
        return get(key)
      },
      *range(options) {
        work.push("range")
        for (const row of range(options)) {
          work.push("row")
          yield row
        }
      },
    },
    rules: {
      "chat/:room": {
        authorize(request) {
          work.push("authorize")
          return can(request)
        },
      },
    },
  }
}

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

  it("[F35][F42] a revocation reaches tickets and keys, and ends after its time", async () => {
    const { bed } = suite
    const { tickets } = bed.server
    const issue = (id: string, org: string) =>
      tickets.issue({ user: { id, claims: { magpie: RIGHTS } }, claims: { org }, expiresInMs: 600_000 })
    const given = [issue("ann", "acme"), issue("bob", "acme"), issue("bob", "other")]
    const byKey = await enter({ key: KEY })
    expectWelcome(byKey, "weather")
    const revocations: RevokeOptions[] = [{ user: "ann" }, { claim: { org: "acme" } }, { token: "weather-1", forMs: 60_000 }]
    for (const target of revocations) await outcomeOf(bed, bed.server.revoke(target))
    expect([...bed.server.connections].filter(({ user }) => user?.id === "weather")).toEqual([])
    // A poll is answered, and the next one told why.
    if (door.speaks !== false) expect(byKey.closedWith).toMatchObject({ code: 4503 })
    const answers = []
    for (const ticket of given) answers.push((await enter({ ticket })).of("welcome").length)
    expect(answers).toEqual([0, 0, 1])
    expectRefusal(await enter({ key: KEY }))
    await bed.clock.advance(62_000)
    expectWelcome(await enter({ key: KEY }), "weather")
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

  if (door.speaks === false) return

  it.each(ASKED)(
    "[F38][F42] without the right to it, %s is FORBIDDEN, also for near names and for channels that do not exist",
    async (asked) => {
      const right = rightTo(asked)
      const rights = { "chat/42": [right], "chat/a": ACTIONS.filter((other) => other !== right), "short/:room": ["none"] }
      expect(await answerTo(rights, REQUESTS[asked]("chat/42"))).not.toMatchObject({ type: "error" })
      for (const channel of ["chat/421", "chat/4", "chat/42\u0301", "chat/４２", "chat/*", "chat/a", "short/42", "chat/__proto__"]) {
        expect(await answerTo(rights, REQUESTS[asked](channel)), channel).toMatchObject({ type: "error", code: "FORBIDDEN" })
      }
      for (const channel of ["chat/..", "chat/", "/chat/42", "chat/a b", "chat/\u200b42", `chat/${"x".repeat(10_240)}`, "chat/:room"]) {
        expect(await answerTo(rights, REQUESTS[asked](channel)), channel).toMatchObject({ type: "error", code: "BAD_REQUEST" })
      }
      expect(await answerTo(rights, REQUESTS[asked]("nowhere/42"))).toMatchObject({ type: "error", code: "UNKNOWN_CHANNEL" })
    },
  )

  it("[F38][F42] whoever may not is answered alike, with the same work, whether a channel is full or never was", async () => {
    const work: string[] = []
    const bed = await startAccessBed(watched(work))
    for (let index = 0; index < 20; index++) await outcomeOf(bed, bed.server.channel("chat/full").publish("say", { text: "x" }))
    const member = await door.enter(bed, { token: await tokenFor(bed, { rights: { "chat/full": ["enter"] } }) })
    member.send(REQUESTS.enter("chat/full"))
    const raw = await door.enter(bed, { token: await tokenFor(bed, { sub: "eve", rights: { "chat/own": ACTIONS } }) })
    async function done(message: object): Promise<readonly unknown[]> {
      work.length = 0
      const heard = raw.replies.length
      raw.send(message)
      await bed.idle()
      return [[...work], JSON.stringify(raw.replies.slice(heard)).replaceAll(/full|none/g, "…")]
    }
    for (const asked of ASKED) {
      const [did, answer] = await done(REQUESTS[asked]("chat/full"))
      // A visit begins with a greeting, which reads what is known of its producer.
      if (door.repeats !== true) expect(did, asked).toEqual(["authorize"])
      expect(answer, asked).toContain("FORBIDDEN")
      expect(await done(REQUESTS[asked]("chat/none")), asked).toEqual([did, answer])
    }
    await closeBed(bed as never)
  })

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
}
