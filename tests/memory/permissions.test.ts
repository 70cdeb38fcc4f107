import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { closeBed, failureOf, greeted, listen, type MemberBed, outcomeOf, publish, say, startMembers, tokenOf } from "./chat-bed.ts"

let bed: MemberBed
afterEach(() => closeBed(bed))

const request = {
  subscribe: (channel: string) => ({ type: "subscribe", id: 1, channel }),
  publish: (channel: string) => publish(1, "hello", { channel }),
  history: (channel: string) => ({ type: "history", id: 1, channel }),
}
const ACTIONS = ["subscribe", "publish", "history"] as const

/** The answer to one request on a connection of its own. */
async function answerTo(message: object, rooms: readonly string[]) {
  const raw = await greeted(bed, { token: tokenOf("ann", { rooms }) })
  raw.send(message)
  await bed.clock.settle()
  return raw.reply(1)
}

describe("without the right", () => {
  it.each(ACTIONS)("[F38][G10] %s is FORBIDDEN, also for near names, and the same for a channel that does not exist", async (action) => {
    bed = await startMembers()
    await outcomeOf(bed, bed.server.channel("chat/42").publish("say", { text: "secret" }))
    expect(await answerTo(request[action]("chat/42"), ["42"])).not.toMatchObject({ type: "error" })
    const answers = new Set<string>()
    for (const room of ["421", "4", "42\u0301", "４２", "*", "никто", "constructor", "__proto__"]) {
      const answer = await answerTo(request[action](`chat/${room}`), ["42"])
      expect(answer, room).toMatchObject({ type: "error", code: "FORBIDDEN" })
    }
    for (const room of ["42", "nowhere"])
      answers.add(JSON.stringify(await answerTo(request[action](`chat/${room}`), [])).replaceAll(room, "?"))
    expect(answers.size).toBe(1)
    expect(bed.server.channel("chat/42").position.offset).toBe(action === "publish" ? 2 : 1)
  })

  it.each(ACTIONS)("[F38] %s of a malformed name is BAD_REQUEST, before anybody is asked", async (action) => {
    let asked = 0
    const authorize = () => ++asked > 0
    bed = await startMembers({ rules: { "chat/:room": { authorize } } as never })
    for (const channel of [
      "chat/..",
      "chat/",
      "/chat",
      "chat/a/",
      "chat/a b",
      "chat/\u200b",
      "chat/e\u0301",
      `chat/${"x".repeat(300)}`,
      "chat/:room",
      "",
    ]) {
      expect(await answerTo(request[action](channel), ["a"]), channel).toMatchObject({ type: "error", code: "BAD_REQUEST" })
    }
    expect(await answerTo(request[action](`chat/${"x".repeat(10_000)}`), ["a"])).toMatchObject({ type: "error", code: "BAD_REQUEST" })
    expect(await answerTo(request[action]("elsewhere/a"), ["a"])).toMatchObject({ type: "error", code: "UNKNOWN_CHANNEL" })
    expect(asked).toBe(0)
  })

  it("[G10] for one action, another is still refused", async () => {
    bed = await startMembers({
      rules: { "chat/:room": { authorize: ({ action }: { action: string }) => action === "subscribe" } } as never,
    })
    const ann = bed.connect({ token: tokenOf("ann") })
    const listener = listen(ann)
    await bed.clock.until(listener.isLive)
    expect(await failureOf(bed, say(ann, "hello"))).toMatchObject({ code: "FORBIDDEN" })
    expect(await failureOf(bed, ann.channel("chat/a").history())).toMatchObject({ code: "FORBIDDEN" })
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })
})

describe("a refused publish", () => {
  it("[G2][G11] of somebody who has stored nothing uses its number up, and begins no channel", async () => {
    const disk = memoryStorage()
    bed = await startMembers({ storage: disk })
    const raw = await greeted(bed, { token: tokenOf("eve", { rooms: ["hers"] }) })
    for (let id = 1; id <= 100; id++) raw.send(publish(id, "x", { channel: `chat/${id}`, sequence: 1 }))
    await bed.clock.settle()
    expect(raw.of("error")).toHaveLength(100)
    for (const error of raw.of("error")) expect(error).toMatchObject({ code: "FORBIDDEN", details: { sequence: "used" } })
    expect([...disk.range({ from: "c/", to: "c/\uffff" })]).toEqual([])
    raw.send({ ...publish(101, "x", { channel: "chat/hers", sequence: 1 }), data: { text: 7 } })
    raw.send(publish(102, "x", { channel: "chat/hers", sequence: 2 }))
    await bed.clock.settle()
    expect(raw.reply(101)).toMatchObject({ type: "error", code: "BAD_REQUEST", details: { sequence: "used" } })
    expect(raw.reply(102)).toMatchObject({ type: "published", position: { offset: 1 } })
  })

  it("[G2] of somebody who has stored something uses its number up, and says so each time", async () => {
    bed = await startMembers()
    const raw = await greeted(bed, { token: tokenOf("ann") })
    raw.send(publish(1, "x", { sequence: 1 }), { ...publish(2, "x", { sequence: 2 }), data: { text: 7 } })
    raw.send(
      { ...publish(3, "x", { sequence: 2 }), data: { text: 7 } },
      publish(4, "mended", { sequence: 2 }),
      publish(5, "x", { sequence: 3 }),
    )
    await bed.clock.settle()
    for (const id of [2, 3, 4]) expect(raw.reply(id)).toMatchObject({ type: "error", code: "BAD_REQUEST", details: { sequence: "used" } })
    expect(raw.reply(2)).toMatchObject({ details: { field: expect.stringContaining("text") } })
    expect(raw.reply(5)).toMatchObject({ type: "published", position: { offset: 2 } })
  })
})

describe("a right that is taken away", () => {
  it("[F39][G10] while away gives FORBIDDEN at the resume, and nothing that was missed", async () => {
    let rooms = ["a"]
    bed = await startMembers({
      rules: { "chat/:room": { authorize: ({ params }: { params: { room: string } }) => rooms.includes(params.room) } } as never,
    })
    const ann = bed.connect({ token: tokenOf("ann"), address: "192.0.2.1" })
    const listener = listen(ann)
    await bed.clock.until(listener.isLive)
    bed.network.cut(true, "192.0.2.1")
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "missed" }))
    rooms = []
    bed.network.cut(false, "192.0.2.1")
    await bed.clock.until(() => listener.subscription.state.state === "refused")
    expect(listener.subscription.state).toMatchObject({ error: { code: "FORBIDDEN" } })
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "later" }))
    await bed.clock.advance(60_000)
    expect(listener.heard).toEqual([])
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
  })

  it("[G10] from a user puts all connections of that user out at once, for good, and nobody else", async () => {
    bed = await startMembers()
    const anns = [bed.connect({ token: tokenOf("ann") }), bed.connect({ token: tokenOf("ann") })]
    const bob = bed.connect({ token: tokenOf("bob") })
    const listeners = [...anns, bob].map((client) => listen(client))
    await bed.clock.until(() => listeners.every((one) => one.isLive()))
    for (const connection of bed.server.connections.ofUser("ann")) connection.disconnect("REVOKED", "blocked")
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "for the others" }))
    await bed.clock.advance(60_000)
    expect(anns.map(({ status }) => status.state)).toEqual(["closed", "closed"])
    expect(listeners.map(({ heard }) => heard)).toEqual([[], [], ["1 for the others"]])
    expect(bed.server.connections.size).toBe(1)
  })
})

describe("another's session", () => {
  it("[F40] opens a new one, and the other's goes on undisturbed", async () => {
    bed = await startMembers()
    const ann = await greeted(bed, { token: tokenOf("ann"), producer: "ann-producer" })
    const { session, producer } = ann.of("welcome")[0] as unknown as { session: string; producer: string }
    ann.send(publish(1, "mine", { sequence: 1 }))
    const eve = await greeted(bed, { token: tokenOf("eve"), session, producer })
    expect(eve.of("welcome")[0]).toMatchObject({ user: "eve" })
    expect(eve.of("welcome")[0]?.session).not.toBe(session)
    eve.send(publish(1, "eve's", { sequence: 2 }), publish(2, "eve's", { sequence: 1 }))
    ann.send(publish(2, "mine too", { sequence: 2 }))
    await bed.clock.settle()
    expect(ann.closedWith).toBeUndefined()
    expect(ann.reply(2)).toMatchObject({ type: "published", position: { offset: 3 } })
    expect(eve.reply(1)).toMatchObject({ type: "error", code: "OUT_OF_ORDER" })
    expect(
      bed.server
        .channel("chat/a")
        .history({ last: 9 })
        .map(({ from }) => from),
    ).toEqual(["ann", "eve", "ann"])
  })

  it("[F40] cannot be guessed: a thousand tries get a thousand new ones", async () => {
    bed = await startMembers()
    const ann = await greeted(bed, { token: tokenOf("ann") })
    const session = String(ann.of("welcome")[0]?.session)
    const given = new Set<string>()
    for (let index = 0; index < 1_000; index++) {
      const at = index % session.length
      const guess = session.slice(0, at) + (session[at] === "0" ? "1" : "0") + session.slice(at + 1)
      const raw = await greeted(bed, { token: tokenOf("ann"), session: guess })
      given.add(String(raw.of("welcome")[0]?.session))
      raw.close()
      await bed.clock.advance(20)
    }
    expect(given.size).toBe(1_000)
    expect(given.has(session)).toBe(false)
    expect(ann.closedWith).toBeUndefined()
  })

  it("[F40] is authenticated again at each resume", async () => {
    bed = await startMembers()
    const ann = await greeted(bed, { token: tokenOf("ann") })
    const session = ann.of("welcome")[0]?.session
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, session })
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4502 })
    expect(ann.closedWith).toBeUndefined()
  })
})
