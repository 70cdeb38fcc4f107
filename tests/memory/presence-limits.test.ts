import { DEFAULT_LIMITS } from "@magpie/protocol"
import type { Reply } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { closeBed, enter, guest, link, namesIn, only, type PresenceBed, ROOM, startPresence, told, watch, watcher } from "./presence-bed.ts"

let bed: PresenceBed
afterEach(() => closeBed(bed))

/** So many members, each a session of its own, on links from addresses of their own. */
async function crowd(count: number, pad = ""): Promise<void> {
  for (let index = 0; index < count; index++) await guestNamed(`m${index}`, pad)
}

async function guestNamed(name: string, pad: string): Promise<void> {
  const raw = await link(bed, { token: name }, { address: name })
  raw.send(enter({ name, ...(pad === "" ? {} : { pad }) }))
  await bed.clock.settle()
  expect(raw.of("entered")).toHaveLength(1)
}

const FAST = { messagesPerSecond: 100_000, messagesPerAddressPerSecond: 100_000, messagesPerUserPerSecond: 100_000 }

describe("limits", () => {
  it.each([
    ["a state that the schema refuses", enter({ name: 7 }), "BAD_REQUEST", "state.name"],
    ["no state", enter(undefined), "BAD_REQUEST", "state"],
    ["a member that is not told", { type: "leave", id: 1 }, "BAD_REQUEST", "channel"],
    ["a mode that does not exist", watch({ id: 1, mode: "some" }), "BAD_REQUEST", "mode"],
    ["a version that is no number", watch({ id: 1, version: "1" }), "BAD_REQUEST", "version"],
    ["a page of nothing", { type: "members", id: 1, channel: ROOM, limit: 0 }, "BAD_REQUEST", "limit"],
  ])("[F44] refuses %s and names the field", async (_name, message, code, field) => {
    bed = await startPresence()
    const raw = await link(bed)
    raw.send(message)
    await bed.clock.settle()
    expect(raw.of("error")[0]).toMatchObject({ code, details: { field } })
    expect(bed.server.channel(ROOM).presence.counts.members).toBe(0)
  })

  it("takes what the schema makes of a state", async () => {
    bed = await startPresence()
    const raw = await link(bed)
    raw.send(enter("  here ", { channel: "log/a" }))
    await bed.clock.settle()
    expect((await bed.server.channel("log/a").presence.page()).members[0]?.state).toBe("here")
  })

  it("bounds a state by presenceStateBytes, counted in UTF-8, and leaves the member as it was", async () => {
    bed = await startPresence({ limits: { presenceStateBytes: 40 } })
    const ann = await guest(bed, "ann")
    ann.raw.send(enter({ name: "鵲".repeat(10) }, { id: 8 }))
    ann.raw.send(enter({ name: "m".repeat(26) }, { id: 9 }))
    await bed.clock.settle()
    expect(ann.raw.reply(8)).toMatchObject({ code: "TOO_LARGE", details: { limit: "presenceStateBytes", value: 40 } })
    expect(ann.raw.reply(9)?.type).toBe("entered")
  })

  it("bounds the channels that one connection is present on, and those that it watches", async () => {
    bed = await startPresence({ limits: { presencesPerConnection: 2, watchesPerConnection: 2 } })
    const raw = await link(bed)
    const channels = ["room/a", "room/b", "room/c"]
    for (const [index, channel] of channels.entries()) {
      raw.send(enter({ name: "x" }, { id: index, channel }), watch({ id: 10 + index, channel }))
    }
    // What is held already is no more.
    raw.send(enter({ name: "y" }, { id: 5, channel: "room/a" }), watch({ id: 15, channel: "room/b", mode: "counts" }))
    await bed.clock.settle()
    expect(raw.reply(2)).toMatchObject({ code: "LIMIT_EXCEEDED", details: { limit: "presencesPerConnection" } })
    expect(raw.reply(12)).toMatchObject({ code: "LIMIT_EXCEEDED", details: { limit: "watchesPerConnection" } })
    expect([raw.reply(5)?.type, raw.reply(15)?.type]).toEqual(["entered", "watched"])
    raw.send({ type: "leave", id: 6, channel: "room/a" }, enter({ name: "z" }, { id: 7, channel: "room/c" }))
    await bed.clock.settle()
    expect(raw.reply(7)?.type).toBe("entered")
  })

  it("bounds the members of one channel, and takes those that are there all the same", async () => {
    bed = await startPresence({ limits: { presenceMembers: 2 } })
    const ann = await guest(bed, "ann")
    await guest(bed, "bob")
    const cid = await link(bed, { token: "cid" })
    cid.send(enter({ name: "cid" }, { id: 4 }))
    ann.raw.send(enter({ name: "Ann" }, { id: 5 }))
    await bed.clock.settle()
    expect(cid.reply(4)).toMatchObject({ code: "LIMIT_EXCEEDED", details: { limit: "presenceMembers" } })
    expect(ann.raw.reply(5)?.type).toBe("entered")
  })

  it("counts pages toward the pages of history that a connection may read", async () => {
    bed = await startPresence({ limits: { historyReadsPerSecond: 2 } })
    const raw = await link(bed)
    for (let id = 1; id <= 5; id++) raw.send({ type: "members", id, channel: ROOM })
    await bed.clock.settle()
    expect(raw.of("members")).toHaveLength(4)
    expect(raw.reply(5)).toMatchObject({ code: "RATE_LIMITED", retryable: true, details: { limit: "historyReadsPerSecond" } })
  })
})

describe("pages", () => {
  it("hold the members in the order of their entering, each once, whatever happens in between", async () => {
    bed = await startPresence({ limits: FAST })
    await crowd(25)
    const eve = await watcher(bed, { limit: 10 })
    const names = namesIn(only(eve, "watched"))
    let next = only(eve, "watched").next
    for (let id = 20; next !== undefined; id++) {
      eve.send({ type: "members", id, channel: ROOM, after: next, limit: 10 })
      await bed.clock.settle()
      names.push(...namesIn(eve.reply(id)))
      next = eve.reply(id)?.next
      if (id === 20) bed.network.reset("m12")
      if (id === 20) await guestNamed("late", "")
    }
    expect(names).toEqual([...Array.from({ length: 25 }, (_, index) => `m${index}`), "late"])
  })

  it("are bounded by presencePage and presencePageBytes, and hold one member at least", async () => {
    bed = await startPresence({ limits: { ...FAST, presencePage: 4, presencePageBytes: 700 } })
    await crowd(6)
    await guestNamed("big", "x".repeat(1_000))
    const eve = await link(bed)
    eve.send({ type: "members", id: 1, channel: ROOM, limit: 500 })
    await bed.clock.settle()
    expect(namesIn(eve.reply(1))).toHaveLength(4)
    eve.send({ type: "members", id: 2, channel: ROOM, limit: 500, after: eve.reply(1)?.next })
    await bed.clock.settle()
    expect(namesIn(eve.reply(2))).toEqual(["m4", "m5"])
    eve.send({ type: "members", id: 3, channel: ROOM, after: eve.reply(2)?.next })
    await bed.clock.settle()
    expect(namesIn(eve.reply(3))).toEqual(["big"])
    expect(eve.reply(3)).not.toHaveProperty("next")
  })

  it.each(["x", "x.1", ".", "1", "\u0000"])("refuse the cursor %j with EXPIRED", async (after) => {
    bed = await startPresence()
    const eve = await link(bed)
    eve.send({ type: "members", id: 1, channel: ROOM, after })
    await bed.clock.settle()
    expect(eve.reply(1)?.code).toBe("EXPIRED")
  })
})

describe("modes", () => {
  it("sampled gives the 100 who are there longest and exact counts, once a second, whatever happens meanwhile", async () => {
    bed = await startPresence({ limits: FAST })
    await crowd(105)
    const eve = await watcher(bed, { mode: "sampled" })
    expect(namesIn(only(eve, "watched"))).toHaveLength(100)
    expect(only(eve, "watched")).toMatchObject({ mode: "sampled", counts: { members: 105, users: 105 } })
    for (const gone of ["m3", "m50", "m101"]) bed.server.connections.ofUser(gone)[0]?.disconnect("REVOKED")
    await guestNamed("late", "")
    expect(eve.of("presence")).toEqual([])
    await bed.clock.advance(1_500)
    expect(only(eve, "presence").counts).toEqual({ members: 103, users: 103 })
    expect(told(eve).sort()).toEqual(["+m100", "+m102", "-m3", "-m50"])
    await bed.clock.advance(60_000)
    // Told once more, so that a loss is noticed, and then silent.
    expect(eve.of("presence")).toHaveLength(2)
    expect(eve.of("presence")[1]).toMatchObject({ since: 2, version: 2 })
  })

  it("counts tells how many there are, at most once a second, and no member", async () => {
    bed = await startPresence({ limits: FAST })
    const eve = await watcher(bed, { mode: "counts" })
    expect(only(eve, "watched")).not.toHaveProperty("page")
    await crowd(10)
    await bed.clock.advance(1_500)
    expect(only(eve, "presence")).toEqual({ type: "presence", channel: ROOM, version: 2, counts: { members: 10, users: 10 } })
  })

  it("gather changes for longer the more watch, so that a lively room costs a crowd no more", async () => {
    bed = await startPresence({ limits: FAST })
    const watchers = []
    for (let index = 0; index < 100; index++) watchers.push(await watcher(bed, {}, { address: `w${index}` }))
    const ann = await guest(bed, "ann")
    await bed.clock.advance(1_000)
    for (let round = 0; round < 200; round++) {
      ann.raw.send(enter({ name: `${round}` }))
      await bed.clock.advance(1)
    }
    await bed.clock.advance(100)
    const heard = watchers[7]?.of("presence") ?? []
    expect(heard.length).toBeLessThan(15)
    expect(told(watchers[7] as never).at(-1)).toBe("~199")
  })
})

describe("a slow watcher", () => {
  it("[G6] costs a bounded number of bytes, slows nobody, and gets what it missed in one message when it reads again", async () => {
    bed = await startPresence({ limits: { ...FAST, presenceLogBytes: 2_000_000 } })
    const slow = await watcher(bed, {}, { address: "slow" })
    const quick = await watcher(bed, {}, { address: "quick" })
    const ann = await guest(bed, "ann")
    bed.network.stallReaders(true, "slow")
    const pad = "x".repeat(1_800)
    let most = 0
    for (let round = 0; round < 400; round++) {
      ann.raw.send(enter({ name: `${round}`, pad }))
      await bed.clock.settle()
      most = Math.max(most, bed.network.heldBytes("slow"))
    }
    expect(most).toBeGreaterThan(50_000)
    expect(most).toBeLessThanOrEqual(DEFAULT_LIMITS.queuedBytes)
    expect(told(quick).at(-1)).toBe("~399")
    bed.network.stallReaders(false, "slow")
    await bed.clock.advance(1_000)
    const last = slow.of("presence").at(-1)
    expect(told(slow).at(-1)).toBe("~399")
    expect(last?.version).toBe(quick.of("presence").at(-1)?.version)
    expect(slow.of("presence").length).toBeLessThan(200)
  })

  it("[G6] gets a new snapshot where what it missed is no longer held", async () => {
    bed = await startPresence({ limits: { ...FAST, presenceLogBytes: 20_000 } })
    const slow = await watcher(bed, {}, { address: "slow" })
    bed.network.stallReaders(true, "slow")
    await crowd(150, "x".repeat(1_800))
    bed.network.stallReaders(false, "slow")
    await bed.clock.advance(1_000)
    const [, snapshot] = slow.of("watched")
    expect(snapshot).toMatchObject({ answer: "snapshot", counts: { members: 150 } })
    expect(snapshot).not.toHaveProperty("id")
    expect(snapshot?.next).toBeDefined()
    const held = slow.of("presence").length
    await guestNamed("late", "")
    expect(told(slow).at(-1)).toBe("+late")
    expect(slow.of("presence")).toHaveLength(held + 1)
  })

  it("[G6] waits with its requests for pages until it reads, however many it sends", async () => {
    bed = await startPresence({ limits: { ...FAST, historyReadsPerSecond: 1_000 } })
    await crowd(40, "x".repeat(1_800))
    const slow = await link(bed, {}, { address: "slow" })
    bed.network.stallReaders(true, "slow")
    for (let id = 1; id <= 50; id++) slow.send({ type: "members", id, channel: ROOM }, watch({ id: 100 + id }))
    await bed.clock.advance(1_000)
    expect(bed.network.heldBytes("slow")).toBeLessThanOrEqual(DEFAULT_LIMITS.queuedBytes)
    bed.network.stallReaders(false, "slow")
    await bed.clock.advance(5_000)
    expect(slow.of("members")).toHaveLength(50)
    expect(slow.of("watched").filter(({ id }) => id !== undefined)).toHaveLength(50)
  })
})

describe("overload", () => {
  it("[F80] holds changes of presence back first, answers everybody all the same, and tells the outcome afterwards", async () => {
    const load = { lag: 0 }
    bed = await startPresence({ limits: FAST, load: { lagMs: () => load.lag, memoryPercent: () => 10, rest: () => {} } })
    const eve = await watcher(bed)
    const counting = await watcher(bed, { mode: "counts" })
    load.lag = DEFAULT_LIMITS.shedPresenceLagMs
    await bed.clock.advance(2_000)
    expect(bed.server.counters["shedding{presence}"]).toBe(1)
    const ann = await guest(bed, "ann")
    ann.raw.send(enter({ name: "Ann" }))
    const bob = await guest(bed, "bob")
    bob.raw.close()
    await bed.clock.advance(5_000)
    expect([eve.of("presence"), counting.of("presence")]).toEqual([[], []])
    load.lag = 0
    await bed.clock.advance(10_000)
    expect(told(eve)).toEqual(["+Ann"])
    expect(eve.of("presence")[0]?.counts).toEqual({ members: 1, users: 1 })
    expect(counting.of("presence")[0]?.counts).toEqual({ members: 1, users: 1 })
  })

  it("[F78] gives shorter pages while memory is scarce, as long as the share of one connection, and the whole room all the same", async () => {
    const load = { memory: 10 }
    const limits = { ...FAST, queuedBytes: 131_072, queuedBytesTotal: 64 * 131_072 }
    bed = await startPresence({ limits, load: { lagMs: () => 0, memoryPercent: () => load.memory, rest: () => {} } })
    const eve = await link(bed, { token: "eve" })
    await crowd(100, "x".repeat(1_000))
    load.memory = DEFAULT_LIMITS.memorySoftPercent
    await bed.clock.advance(2_000)
    eve.send(watch({ limit: 500 }))
    await bed.clock.settle()
    const pages = [only(eve, "watched")]
    for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next) {
      const id = 20 + pages.length
      eve.send({ type: "members", id, channel: ROOM, after: next, limit: 500 })
      await bed.clock.settle()
      pages.push(eve.reply(id) as Reply)
    }
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThanOrEqual(131_072 / 4)
    expect(new Set(pages.flatMap(namesIn)).size).toBe(100)
  })

  it("[F80] gives a fresh snapshot afterwards where more was held back than is kept", async () => {
    const load = { lag: 0 }
    const limits = { ...FAST, presenceLogBytes: 2_000 }
    bed = await startPresence({ limits, load: { lagMs: () => load.lag, memoryPercent: () => 10, rest: () => {} } })
    const eve = await watcher(bed)
    load.lag = DEFAULT_LIMITS.shedPresenceLagMs
    await bed.clock.advance(2_000)
    await crowd(60)
    load.lag = 0
    await bed.clock.advance(10_000)
    expect(eve.of("presence").flatMap(({ joined }) => joined ?? [])).toEqual([])
    expect(eve.of("watched")[1]).toMatchObject({ answer: "snapshot", counts: { members: 60, users: 60 } })
    expect(namesIn(eve.of("watched")[1])).toHaveLength(60)
  })
})
