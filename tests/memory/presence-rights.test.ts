import { afterEach, describe, expect, it } from "vitest"
import {
  closeBed,
  comeBack,
  enter,
  guest,
  link,
  only,
  type PresenceBed,
  ROOM,
  startPresence,
  told,
  watch,
  watcher,
} from "./presence-bed.ts"

let bed: PresenceBed
afterEach(() => closeBed(bed))

const ACTIONS = [
  ["enter", enter({ name: "x" })],
  ["watch", watch()],
  ["watch", { type: "members", id: 3, channel: ROOM }],
] as const

describe("rights", () => {
  it.each(ACTIONS)("[G10] [F38] refuses to %s without the right to it: %o", async (action, message) => {
    bed = await startPresence({ authorize: (request) => request.action !== action })
    await guestOrNobody(action)
    const eve = await link(bed, { token: "eve" })
    eve.send(message)
    await bed.clock.advance(5_000)
    expect(eve.of("error")).toMatchObject([{ code: "FORBIDDEN", details: { channel: ROOM, action } }])
    for (const type of ["entered", "watched", "members", "presence"]) expect(eve.of(type)).toEqual([])
    expect(bed.server.channel(ROOM).presence.counts.members).toBe(action === "enter" ? 0 : 1)
  })

  async function guestOrNobody(action: string): Promise<void> {
    if (action === "watch") await guest(bed, "ann")
  }

  it("[F38] says the same of channels where somebody is and where nobody is", async () => {
    bed = await startPresence({ authorize: ({ user }) => user?.id === "ann" })
    await guest(bed, "ann")
    const eve = await link(bed, { token: "eve" })
    eve.send(watch({ id: 1 }), watch({ id: 2, channel: "room/b" }), watch({ id: 3, channel: "bare/a" }))
    await bed.clock.settle()
    const codes = [1, 2, 3].map((id) => eve.reply(id)?.code)
    expect(codes).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN"])
  })

  it.each([
    ["a channel that nothing matches", "nowhere", "UNKNOWN_CHANNEL"],
    ["a malformed name", "room//a", "BAD_REQUEST"],
    ["a parent segment", "room/..", "BAD_REQUEST"],
    ["a name of 10 KB", `room/${"a".repeat(10_240)}`, "BAD_REQUEST"],
    ["a channel without presence", "bare/a", "BAD_REQUEST"],
  ])("[F38] refuses %s", async (_name, channel, code) => {
    bed = await startPresence()
    const raw = await link(bed)
    const messages = [enter({ name: "x" }, { id: 1, channel }), watch({ id: 2, channel }), { type: "members", id: 3, channel }]
    raw.send(...messages)
    await bed.clock.settle()
    expect([1, 2, 3].map((id) => raw.reply(id)?.code)).toEqual([code, code, code])
  })

  it("[G10] says nothing to one who has not said hello", async () => {
    bed = await startPresence({ auth: { authenticate: ({ token }) => (token === undefined ? undefined : { user: { id: token } }) } })
    const raw = bed.raw()
    raw.send(enter({ name: "x" }), watch())
    await bed.clock.settle()
    expect(raw.of("error").map(({ code }) => code)).toEqual(["UNAUTHORIZED", "UNAUTHORIZED"])
  })

  it("[G10] [F34] ends what a fresh token no longer allows, on both sides, and nothing follows", async () => {
    let may = true
    bed = await startPresence({ authorize: () => may })
    const ann = await guest(bed, "ann")
    ann.raw.send(watch())
    await bed.clock.settle()
    may = false
    ann.raw.send({ type: "token", id: 7, token: "ann" })
    await bed.clock.settle()
    expect(ann.raw.of("left")).toMatchObject([{ channel: ROOM, code: "FORBIDDEN" }])
    expect(ann.raw.of("unwatched")).toMatchObject([{ channel: ROOM, code: "FORBIDDEN" }])
    expect(bed.server.channel(ROOM).presence.counts.members).toBe(0)
    may = true
    const heard = ann.raw.of("presence").length
    await guest(bed, "bob")
    await bed.clock.advance(5_000)
    expect(ann.raw.of("presence")).toHaveLength(heard)
  })

  it("[G12] begins nothing for a connection that ends at any step of the question", async () => {
    for (let steps = 0; steps < 12; steps++) {
      let isSlow = false
      let answer: ((yes: boolean) => void) | undefined
      bed = await startPresence({ authorize: () => (isSlow ? new Promise((resolve) => (answer = resolve)) : true), presenceLeaseMs: 1_000 })
      const { epoch } = only(await watcher(bed, {}, { address: "first" }), "watched")
      const eve = await link(bed, { token: "eve" })
      isSlow = true
      eve.send(watch())
      await bed.clock.settle()
      bed.network.reset("first")
      await bed.clock.settle()
      answer?.(true)
      for (let step = 0; step < steps; step++) await Promise.resolve()
      for (const connection of bed.server.connections) connection.disconnect()
      isSlow = false
      await bed.clock.advance(10_000)
      // A room that nobody uses is forgotten, and begins anew.
      expect(only(await watcher(bed), "watched").epoch, `after ${steps} steps`).not.toBe(epoch)
      await closeBed(bed)
    }
    bed = await startPresence()
  })

  it("[F77] [G6] takes a thousand away from one that does not read for no more than queuedBytes", async () => {
    const many = 1_000
    const rates = { messagesPerSecond: 100_000, messagesPerUserPerSecond: 100_000, messagesPerAddressPerSecond: 100_000 }
    const limits = { ...rates, queuedBytes: 131_072, watchesPerConnection: many, presencesPerConnection: many }
    let may = true
    bed = await startPresence({ limits, authorize: () => may })
    const ann = await link(bed, { token: "ann" })
    for (let index = 0; index < many; index++) {
      const channel = `room/${"x".repeat(200)}${index}`
      ann.send({ type: "watch", channel, mode: "counts" }, { type: "enter", channel, state: { name: "ann" } })
    }
    await bed.clock.advance(5_000)
    expect([ann.of("watched").length, ann.of("entered").length]).toEqual([many, many])
    bed.network.stallReaders(true)
    may = false
    ann.send({ type: "token", token: "ann" })
    let most = 0
    for (let step = 0; step < 20; step++) {
      await bed.clock.advance(50)
      most = Math.max(most, bed.server.counters.queuedBytes ?? 0)
    }
    expect(most).toBeGreaterThan(131_072 / 2)
    expect(most).toBeLessThanOrEqual(131_072)
    bed.network.stallReaders(false)
    await bed.clock.advance(1_000)
    expect(ann.closedWith?.code).toBe(4003)
  })

  it("[I20] holds a member whose link was lost while the rights of its fresh token were asked for", async () => {
    const answers: ((yes: boolean) => void)[] = []
    let isSlow = false
    bed = await startPresence({ authorize: () => (isSlow ? new Promise((resolve) => answers.push(resolve)) : true) })
    const ann = await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    isSlow = true
    ann.raw.send({ type: "token", token: "ann" })
    await bed.clock.settle()
    bed.network.reset("ann")
    isSlow = false
    await bed.clock.settle()
    expect(answers).toHaveLength(1)
    answers[0]?.(true)
    await comeBack(bed, ann, { name: "ann" })
    await bed.clock.advance(1_000)
    expect(told(eve)).toEqual([])
  })

  it("[F39] gives nothing to a watcher that comes back without the right, neither changes nor a page", async () => {
    let may = true
    bed = await startPresence({ authorize: ({ user }) => user?.id !== "eve" || may })
    const eve = await watcher(bed)
    const { epoch, version } = only(eve, "watched")
    eve.close()
    await guest(bed, "ann")
    may = false
    const again = await link(bed, { token: "eve" })
    again.send(watch({ epoch, version }), { type: "members", id: 5, channel: ROOM })
    await bed.clock.advance(5_000)
    expect(again.replies.slice(1).map(({ type, code }) => [type, code])).toEqual([
      ["error", "FORBIDDEN"],
      ["error", "FORBIDDEN"],
    ])
  })

  it("[G10] lets go at once of a member whose session comes back without the right to enter", async () => {
    let may = true
    bed = await startPresence({ authorize: ({ action }) => action === "watch" || may })
    const ann = await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    bed.network.reset("ann")
    may = false
    const again = await link(bed, ann.hello)
    again.send(enter({ name: "ann" }))
    await bed.clock.settle()
    expect(again.of("error")[0]?.code).toBe("FORBIDDEN")
    expect(told(eve)).toEqual(["-ann"])
  })

  it("[G10] lets go at once of a revoked user, also of one whose link was lost", async () => {
    bed = await startPresence()
    await guest(bed, "ann", { address: "ann" })
    await guest(bed, "ann")
    const eve = await watcher(bed)
    bed.network.reset("ann")
    await bed.clock.settle()
    void bed.server.revoke({ user: "ann" })
    await bed.clock.advance(1_000)
    expect(told(eve).sort()).toEqual(["-ann", "-ann"])
  })

  it("waits for a right that takes its time, and then enters in the order of asking", async () => {
    let decide: (yes: boolean) => void = () => {}
    const asked = (): Promise<boolean> =>
      new Promise((resolve) => {
        decide = resolve
      })
    bed = await startPresence({ authorize: ({ action }) => (action === "enter" ? asked() : true) })
    const eve = await watcher(bed)
    const ann = await link(bed, { token: "ann" })
    ann.send(enter({ name: "1" }), enter({ name: "2" }), { type: "leave", id: 3, channel: ROOM })
    await bed.clock.settle()
    expect(eve.of("presence")).toEqual([])
    decide(true)
    await bed.clock.settle()
    expect(ann.replies.slice(1).map(({ type }) => type)).toEqual(["entered", "entered", "left"])
    expect(bed.server.channel(ROOM).presence.counts.members).toBe(0)
  })
})

describe("identity", () => {
  it("[G10] comes from the server alone: what a client says of itself in enter changes nothing of it", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann")
    const eve = await link(bed, { token: "eve" })
    eve.send(enter({ name: "ann" }, { member: ann.member, user: "ann", from: "ann", at: 1, session: "x" }))
    await bed.clock.settle()
    const { members } = await bed.server.channel(ROOM).presence.page()
    expect(members.map(({ user }) => user)).toEqual(["ann", "eve"])
    expect(new Set(members.map(({ member }) => member)).size).toBe(2)
    expect(members[1]?.at).toBeGreaterThan(1)
  })

  it("[F40] is not had by another user who offers its session and its producer", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann", { address: "ann" })
    const watching = await watcher(bed)
    bed.network.reset("ann")
    const thief = await link(bed, { ...ann.hello, token: "eve" })
    thief.send(enter({ name: "thief" }))
    await bed.clock.settle()
    expect(thief.of("entered")[0]?.member).not.toBe(ann.member)
    expect(told(watching)).toEqual(["+thief"])
    thief.send({ type: "leave", channel: ROOM })
    await bed.clock.settle()
    expect(told(watching)).toEqual(["+thief", "-thief"])
  })

  it("is not had by a copied tab while the first one is there", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann")
    const { session: _, ...copied } = ann.hello as { session: string; token: string; producer: string }
    const copy = await link(bed, copied)
    copy.send(enter({ name: "copy" }))
    await bed.clock.settle()
    expect(copy.of("entered")[0]?.member).not.toBe(ann.member)
    expect(bed.server.channel(ROOM).presence.counts).toEqual({ members: 2, users: 1 })
  })

  it("tells nothing of the producer or the session that it is made from", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann")
    const { producer, session } = ann.hello as { producer: string; session: string }
    const eve = await watcher(bed)
    for (const frame of eve.frames.slice(1)) for (const secret of [producer, session]) expect(String(frame)).not.toContain(secret)
    expect(ann.member).toMatch(/^[0-9a-f]{24}$/)
  })
})
