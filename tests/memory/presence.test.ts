import { afterEach, describe, expect, it } from "vitest"
import {
  closeBed,
  comeBack,
  enter,
  guest,
  link,
  namesIn,
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

describe("members", () => {
  it("enter, change and leave, and whoever watches is told each once, with the counts", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    expect(eve.of("watched")[0]).toMatchObject({ id: 2, mode: "all", answer: "snapshot", counts: { members: 0, users: 0 }, page: [] })
    const ann = await guest(bed, "ann")
    ann.raw.send(enter({ name: "Ann" }))
    await bed.clock.settle()
    ann.raw.send({ type: "leave", id: 9, channel: ROOM })
    await bed.clock.settle()
    expect(told(eve)).toEqual(["+ann", "~Ann", "-Ann"])
    expect(eve.of("presence").map(({ version, counts }) => [version, counts])).toEqual([
      [1, { members: 1, users: 1 }],
      [2, { members: 1, users: 1 }],
      [3, { members: 0, users: 0 }],
    ])
    expect(ann.raw.reply(9)).toEqual({ type: "left", id: 9, channel: ROOM })
  })

  it("are one for each session: tabs of one user are several members of one user, and nobody's count among the members only", async () => {
    bed = await startPresence()
    await guest(bed, "ann")
    await guest(bed, "ann")
    const nobody = await link(bed)
    nobody.send(enter({ name: "?" }))
    const eve = await watcher(bed)
    const { counts, page } = only(eve, "watched")
    expect(counts).toEqual({ members: 3, users: 1 })
    const users = (page as readonly { user?: string }[]).map(({ user }) => user)
    expect(users).toEqual(["ann", "ann", undefined])
  })

  it("are seen from the moment on in which they entered, in that order", async () => {
    bed = await startPresence()
    for (const name of ["ann", "bob", "cid"]) {
      await guest(bed, name)
      await bed.clock.advance(1_000)
    }
    const eve = await watcher(bed)
    const page = eve.of("watched")[0]?.page as readonly { at: number }[]
    expect(namesIn(eve.of("watched")[0])).toEqual(["ann", "bob", "cid"])
    expect(page.map(({ at }) => at - (page[0]?.at ?? 0))).toEqual([0, 1_000, 2_000])
  })

  it("leave at once when their client closes, and when it is told never to come back", async () => {
    bed = await startPresence()
    const guests = [await guest(bed, "ann"), await guest(bed, "bob"), await guest(bed, "cid"), await guest(bed, "dan")]
    const eve = await watcher(bed)
    guests[0]?.raw.close(1000)
    guests[1]?.raw.close(1001)
    // A close without a code.
    guests[3]?.raw.close(1005)
    await bed.clock.settle()
    for (const connection of bed.server.connections) if (connection.user?.id === "cid") connection.disconnect("REVOKED")
    await bed.clock.settle()
    expect(told(eve)).toEqual(["-ann", "-bob", "-dan", "-cid"])
  })

  it("are told within the turn where few watch, and of one that changes twice in a turn only the outcome", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    const ann = await link(bed, { token: "ann" })
    ann.send(enter({ name: "1" }), enter({ name: "2" }), enter({ name: "3" }))
    const bob = await link(bed, { token: "bob" })
    bob.send(enter({ name: "bob" }), { type: "leave", channel: ROOM })
    await bed.clock.settle()
    expect(told(eve)).toEqual(["+3"])
  })
})

describe("a crowd of watchers", () => {
  it("[I20] is told a leave by everybody who was shown the member, also of one who comes and goes before that is told", async () => {
    bed = await startPresence({ limits: { connectionsPerUser: 100 } })
    for (let index = 0; index < 60; index++) await watcher(bed, {}, { address: `eve-${index}` })
    await guest(bed, "ann")
    // So many watchers are told a few milliseconds later.
    const bob = await guest(bed, "bob")
    const late = await watcher(bed)
    bob.raw.close()
    await bed.clock.advance(10_000)
    expect(namesIn(only(late, "watched"))).toEqual(["ann", "bob"])
    expect(told(late)).toEqual(["-bob"])
  })
})

describe("a lost link", () => {
  it("[I20] holds its member for the lease, so that nobody sees a session that comes back", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann")
    const eve = await watcher(bed)
    bed.network.reset()
    const eveAgain = await watcher(bed)
    await bed.clock.advance(9_000)
    const again = await comeBack(bed, ann, { name: "ann" })
    await bed.clock.advance(60_000)
    expect(again.of("entered")[0]?.member).toBe(ann.member)
    expect([told(eve), told(eveAgain)]).toEqual([[], []])
  })

  it("[I20] is a leave after the lease, once", async () => {
    bed = await startPresence({ presenceLeaseMs: 3_000 })
    await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    bed.network.reset("ann")
    await bed.clock.advance(2_900)
    expect(told(eve)).toEqual([])
    await bed.clock.advance(60_000)
    expect(told(eve)).toEqual(["-ann"])
  })

  it("[I20] that is followed by a new one before it was noticed keeps its member as well", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    bed.network.strand("ann")
    await comeBack(bed, ann, { name: "Ann" })
    await bed.clock.advance(60_000)
    expect(told(eve)).toEqual(["~Ann"])
  })

  it("[I20] of a session that comes back without entering again is a leave all the same", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    bed.network.reset("ann")
    await link(bed, ann.hello, { address: "ann" })
    await bed.clock.advance(60_000)
    expect(told(eve)).toEqual(["-ann"])
  })

  it("cannot be ended by another session of the same user", async () => {
    bed = await startPresence()
    await guest(bed, "ann", { address: "ann" })
    const eve = await watcher(bed)
    const other = await link(bed, { token: "ann" })
    other.send({ type: "leave", id: 1, channel: ROOM })
    await bed.clock.settle()
    expect(other.reply(1)?.type).toBe("left")
    expect(told(eve)).toEqual([])
  })
})

describe("watching", () => {
  it("ends with unwatch, after which nothing comes", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    eve.send({ type: "unwatch", id: 3, channel: ROOM })
    await guest(bed, "ann")
    await bed.clock.advance(10_000)
    expect(eve.replies.at(-1)).toEqual({ type: "unwatched", id: 3, channel: ROOM })
  })

  it("tells one who comes back with epoch and version what changed since, of each member the outcome", async () => {
    bed = await startPresence()
    const [ann, bob] = [await guest(bed, "ann"), await guest(bed, "bob")]
    const eve = await watcher(bed)
    const { epoch, version } = only(eve, "watched")
    eve.close()
    ann.raw.send(enter({ name: "x" }))
    await bed.clock.settle()
    ann.raw.send(enter({ name: "Ann" }))
    await bed.clock.settle()
    bob.raw.close()
    const cid = await guest(bed, "cid")
    cid.raw.close()
    await guest(bed, "dan")
    const again = await watcher(bed, { epoch, version })
    expect(again.of("watched")[0]).toMatchObject({ answer: "recovered", epoch, version: again.of("presence")[0]?.version })
    expect(again.of("watched")[0]).not.toHaveProperty("page")
    const [changes, ...rest] = again.of("presence")
    expect(changes).toMatchObject({ since: version, counts: { members: 2, users: 2 } })
    expect(told(again).slice(0, 2)).toEqual(["+dan", "~Ann"])
    // A page that was read meanwhile may have shown who came and went.
    expect(changes?.left).toEqual([bob.member, cid.member])
    expect(rest).toEqual([])
  })

  it("gives a snapshot where those changes are no longer held, or are of another server's life", async () => {
    bed = await startPresence({ limits: { presenceLogBytes: 300 } })
    const eve = await watcher(bed)
    const { epoch, version } = only(eve, "watched")
    for (const name of ["ann", "bob", "cid", "dan", "fay", "gus"]) await guest(bed, name)
    const late = await watcher(bed, { epoch, version })
    expect(late.of("watched")[0]).toMatchObject({ answer: "snapshot", epoch })
    const strange = await watcher(bed, { epoch: "other", version: 6 })
    expect(namesIn(strange.of("watched")[0])).toHaveLength(6)
    const ahead = await watcher(bed, { epoch, version: 99 })
    expect(ahead.of("watched")[0]).toMatchObject({ answer: "snapshot" })
  })

  it("finds the changes of a room that nobody used for a moment", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    const { epoch, version } = only(eve, "watched")
    eve.close()
    await bed.clock.advance(5_000)
    const again = await watcher(bed, { epoch, version })
    expect(again.of("watched")[0]).toMatchObject({ answer: "recovered" })
    again.close()
    await bed.clock.advance(30_000)
    const late = await watcher(bed, { epoch, version })
    expect(late.of("watched")[0]).toMatchObject({ answer: "snapshot" })
  })

  it("[G5] tells its version once more after a while, so that a lost message is noticed on a link that stays up", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    bed.network.loseDown((frame) => frame.includes('"type":"presence"'))
    await guest(bed, "ann")
    expect(eve.of("presence")).toEqual([])
    await bed.clock.advance(5_000)
    expect(eve.of("presence")).toEqual([{ type: "presence", channel: ROOM, since: 1, version: 1, counts: { members: 1, users: 1 } }])
  })

  it("begins anew when it is asked for again, in another mode as well", async () => {
    bed = await startPresence()
    const eve = await watcher(bed)
    eve.send(watch({ id: 3, mode: "counts" }))
    await guest(bed, "ann")
    await bed.clock.advance(3_000)
    expect(eve.of("watched")[1]).toMatchObject({ id: 3, mode: "counts" })
    expect(told(eve)).toEqual([])
    expect(eve.of("presence")[0]).toMatchObject({ counts: { members: 1, users: 1 } })
  })
})

describe("plain clients", () => {
  it("enter and watch with nothing but text, one message a frame", async () => {
    bed = await startPresence()
    const plain = bed.raw({ plain: true })
    await bed.clock.settle()
    plain.sendFrame('{ "type": "watch", "channel": "room/a" }')
    plain.sendFrame('{ "type": "enter", "channel": "room/a", "state": { "name": "me" } }')
    await bed.clock.settle()
    expect(plain.replies.map(({ type }) => type)).toEqual(["welcome", "watched", "entered", "presence"])
    expect(plain.frames.every((frame) => !String(frame).includes("\n"))).toBe(true)
  })
})

describe("a server", () => {
  it("says that it can do presence where its contract has any, and reads who is there", async () => {
    bed = await startPresence()
    const ann = await guest(bed, "ann")
    expect(ann.raw.of("welcome")[0]?.features).toContain("presence")
    const room = bed.server.channel(ROOM)
    expect(room.presence.counts).toEqual({ members: 1, users: 1 })
    const { members, missing, next } = await room.presence.page()
    expect(members).toMatchObject([{ member: ann.member, user: "ann", state: { name: "ann" } }])
    expect([missing, next]).toEqual([[], undefined])
  })
})
