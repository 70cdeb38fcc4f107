import { contract, json, table } from "@magpie/protocol"
import { createTestBed, type RawConnection, type Reply } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { anonymous } from "../access/identity.ts"

type Quote = { readonly bid: number; readonly ask: number; readonly note?: string }
const quote = json<Quote>()
const key = json<string>()
/** Takes a key in whatever case. */
const anyCase: typeof key = { "~standard": { ...key["~standard"], validate: (value) => ({ value: String(value).toLowerCase() }) } }
const app = contract({
  names: table({ key: anyCase, value: z.object({ bid: z.number(), ask: z.number() }) }),
  quotes: table({ key, value: quote }),
  slow: table({ key, value: quote, maxRate: 2 }),
  short: table({ key, value: quote, expiresAfterMs: 5_000 }),
})
const open = { authorize: () => true }
const own = { authorize: ({ action, key }: { readonly action: string; readonly key?: string }) => action !== "write" || key !== "locked" }

const start = (limits = {}) =>
  createTestBed(app, {
    auth: anonymous(),
    limits,
    rules: { quotes: own, names: own, slow: open, short: open },
  })

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

const done = <T>(pending: Promise<T>) => bed.clock.done(pending)

interface Given {
  readonly key: string
  readonly version: number
  readonly count: number
  readonly born?: number
  readonly data?: Quote
  readonly fields?: object
  readonly gone?: true
}

/** A link that keeps the rows that it was given, as a client does. */
class Follower {
  readonly raw: RawConnection
  readonly rows = new Map<string, { value: Quote; version: number; count: number }>()
  readonly #gone = new Map<string, Given>()
  skipped = 0
  updates = 0
  resets = 0
  #read = 0

  constructor(raw: RawConnection, fields: object = {}, channel = "quotes") {
    this.raw = raw
    raw.send({ type: "hello", version: 1, producer: "p" }, { type: "subscribe", id: 1, channel, ...fields })
  }

  /** Takes what has come. */
  get values(): Readonly<Record<string, Quote>> {
    const frames = this.raw.of("rows")
    for (const frame of frames.slice(this.#read)) this.#take(frame)
    this.#read = frames.length
    return Object.fromEntries([...this.rows].map(([name, { value }]) => [name, value]))
  }

  get position(): unknown {
    return this.raw.of("rows").at(-1)?.position
  }

  #take({ rows, reset }: Reply): void {
    if (reset === true) {
      this.resets++
      this.rows.clear()
      this.#gone.clear()
    }
    for (const each of rows as readonly Given[]) {
      const before = this.rows.get(each.key)
      const known = before ?? this.#gone.get(each.key) ?? { version: 0, count: 0 }
      if (reset !== true) this.skipped += each.count - (known.version < (each.born ?? 0) ? 0 : known.count) - 1
      this.updates++
      const value = each.data ?? ({ ...before?.value, ...each.fields } as Quote)
      if (each.gone) this.#gone.set(each.key, each)
      if (each.gone) this.rows.delete(each.key)
      else this.rows.set(each.key, { value, version: each.version, count: each.count })
    }
  }
}

const write = (id: number, action: string, name: string, rest: object = {}, channel = "quotes") => ({
  ...{ type: "publish", id, channel, name: "$row", sequence: id },
  data: { action, key: name, ...rest },
})

describe("a table", () => {
  it("gives the rows that there are, and then what changes of them, field by field", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", { bid: 1, ask: 2 }))
    await done(quotes.set("b", { bid: 3, ask: 4 }))
    const follower = new Follower(bed.raw())
    await bed.clock.until(() => follower.raw.of("rows").length === 1)
    expect(follower.raw.reply(1)).toMatchObject({ kind: "table", answer: "new", position: { offset: 0 } })
    expect(follower.values).toEqual({ a: { bid: 1, ask: 2 }, b: { bid: 3, ask: 4 } })
    await done(quotes.merge("a", { bid: 9 }))
    await bed.clock.until(() => follower.raw.of("rows").length === 2)
    expect(follower.raw.of("rows")[1]).toMatchObject({
      since: 2,
      position: { offset: 3 },
      rows: [{ key: "a", version: 3, fields: { bid: 9 } }],
    })
    expect(JSON.stringify(follower.raw.of("rows")[1])).not.toContain("data")
    await done(quotes.delete("b"))
    await bed.clock.until(() => follower.raw.of("rows").length === 3)
    expect(follower.values).toEqual({ a: { bid: 9, ask: 2 } })
    expect(quotes.subscribers).toBe(1)
  })

  it("takes writes of clients, and answers a conflict with the row that is there", async () => {
    bed = await start()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" })
    // The merge comes before the disk has heard of the row.
    raw.send(write(1, "set", "a", { data: { bid: 1, ask: 2 }, expected: 0 }), write(2, "merge", "a", { data: { bid: 5 } }))
    raw.send(write(3, "set", "a", { data: { bid: 7, ask: 7 }, expected: 1 }))
    await bed.clock.until(() => raw.reply(3) !== undefined)
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 2 } })
    expect(raw.reply(3)).toMatchObject({ type: "error", code: "CONFLICT", details: { row: { version: 2, data: { bid: 5, ask: 2 } } } })
    raw.send(write(4, "set", "a", { data: { bid: 7, ask: 7 }, expected: 2 }), write(5, "delete", "nothing"), write(5, "delete", "nothing"))
    await bed.clock.until(() => raw.of("error").length === 3)
    expect(raw.of("error").at(-1)).toMatchObject({ code: "CONFLICT", details: { row: null, sequence: "used" } })
    expect(bed.server.channel("quotes").get("a")).toMatchObject({ value: { bid: 7, ask: 7 }, version: 3 })
  })

  it("[G10] lets nobody write a row that is not his, and tells nobody whether it is there", async () => {
    bed = await start()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" })
    raw.send(write(1, "set", "free", { data: { bid: 1, ask: 1 } }), write(2, "set", "locked", { data: { bid: 1, ask: 1 }, expected: 7 }))
    await bed.clock.until(() => raw.reply(2) !== undefined)
    expect(raw.reply(1)).toMatchObject({ type: "published" })
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(bed.server.channel("quotes").get("locked")).toBeUndefined()
  })

  it("[G10] asks about the row that a key leads to, as its schema makes it, and tells of that in a conflict", async () => {
    bed = await start()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" })
    const data = { bid: 1, ask: 1 }
    raw.send(write(1, "set", "Free", { data }, "names"), write(2, "set", "FREE", { data, expected: 7 }, "names"))
    raw.send(write(3, "set", "LOCKED", { data }, "names"))
    await bed.clock.until(() => raw.reply(3) !== undefined)
    expect(raw.reply(2)).toMatchObject({ code: "CONFLICT", details: { row: { version: 1, data } } })
    expect(raw.reply(3)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(bed.server.channel("names").get("locked")).toBeUndefined()
  })

  it("[G11] refuses what is no write, with a code", async () => {
    bed = await start({ rowBytes: 64, rowsPerTable: 1 })
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" })
    const data = { bid: 1, ask: 1 }
    raw.send(write(1, "set", "a", { data }), write(2, "set", "b", { data }), write(3, "set", "a", { data: { note: "x".repeat(64) } }))
    raw.send(write(4, "set", "a"), write(5, "merge", "a", { data: [1] }), write(6, "set", "", { data, expected: -1 }))
    raw.send({ type: "publish", id: 7, channel: "quotes", name: "say", data }, { type: "history", id: 8, channel: "quotes" })
    await bed.clock.until(() => raw.reply(8) !== undefined)
    const codes = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => raw.reply(id)?.code)
    const bad = "BAD_REQUEST"
    expect(codes).toEqual([undefined, "LIMIT_EXCEEDED", "TOO_LARGE", bad, bad, bad, bad, bad])
  })

  it("[G11] merges no field that the schema does not let through, whatever its name is", async () => {
    bed = await start()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" })
    const fields = { bid: 2, other: 1, constructor: 1, ["__proto__"]: { ask: 3 } }
    raw.send(write(1, "set", "a", { data: { bid: 1, ask: 1 } }, "names"), write(2, "merge", "a", { data: fields }, "names"))
    await bed.clock.until(() => raw.reply(2) !== undefined)
    expect(JSON.stringify(bed.server.channel("names").get("a")?.value)).toBe('{"bid":2,"ask":1}')
  })

  it("gives one who chooses rows those only, by key or by prefix", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    for (const name of ["fx/a", "fx/b", "eq/a"]) await done(quotes.set(name, { bid: 1, ask: 1 }))
    const [byKey, byPrefix] = [new Follower(bed.raw(), { keys: ["fx/b", "eq/a"] }), new Follower(bed.raw(), { prefix: "fx/" })]
    await bed.clock.until(() => byKey.raw.of("rows").length > 0 && byPrefix.raw.of("rows").length > 0)
    await done(quotes.set("fx/a", { bid: 2, ask: 1 }))
    await done(quotes.set("fx/b", { bid: 3, ask: 1 }))
    await bed.clock.settle()
    await bed.clock.until(() => byKey.values["fx/b"]?.bid === 3 && byPrefix.values["fx/b"]?.bid === 3)
    expect(byKey.values).toEqual({ "fx/b": { bid: 3, ask: 1 }, "eq/a": { bid: 1, ask: 1 } })
    expect(byPrefix.values).toEqual({ "fx/a": { bid: 2, ask: 1 }, "fx/b": { bid: 3, ask: 1 } })
    expect([byKey.skipped, byPrefix.skipped]).toEqual([0, 0])
  })

  it("[G4] goes on from a position with what was written since, and counts what was not given", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", { bid: 0, ask: 1 }))
    await done(quotes.set("b", { bid: 0, ask: 1 }))
    const before = new Follower(bed.raw())
    await bed.clock.until(() => before.position !== undefined)
    const { position } = before
    expect(Object.keys(before.values)).toEqual(["a", "b"])
    before.raw.close()
    for (let bid = 1; bid <= 5; bid++) await done(quotes.merge("a", { bid }))
    await done(quotes.delete("b"))
    const after = new Follower(bed.raw(), { position })
    for (const [name, row] of before.rows) after.rows.set(name, row)
    await bed.clock.until(() => after.position !== undefined)
    expect(after.raw.reply(1)).toMatchObject({ answer: "recovered" })
    expect(after.values).toEqual({ a: { bid: 5, ask: 1 } })
    expect([after.updates, after.skipped, after.resets]).toEqual([2, 4, 0])
    const lost = new Follower(bed.raw(), { position: { epoch: "another", offset: 1 } })
    await bed.clock.until(() => lost.position !== undefined)
    expect(lost.raw.reply(1)).toMatchObject({ answer: "unrecoverable", reason: "epoch", position: { offset: 0 } })
    expect([lost.values, lost.resets]).toEqual([{ a: { bid: 5, ask: 1 } }, 1])
  })

  it("lets a row leave that was not written again in time", async () => {
    bed = await start()
    const short = bed.server.channel("short")
    await done(short.set("a", { bid: 1, ask: 1 }))
    await done(short.set("b", { bid: 1, ask: 1 }))
    const follower = new Follower(bed.raw(), {}, "short")
    await bed.clock.advance(3_000)
    await done(short.set("b", { bid: 2, ask: 1 }))
    await bed.clock.advance(4_000)
    expect(follower.values).toEqual({ b: { bid: 2, ask: 1 } })
    await bed.clock.advance(4_000)
    expect(follower.values).toEqual({})
    expect(short.get("b")).toBeUndefined()
  })

  it("updates a row by a function, however many do so at once", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const add = () => quotes.update("sum", (value) => ({ bid: (value?.bid ?? 0) + 1, ask: 0 }))
    await done(Promise.all(Array.from({ length: 20 }, add)))
    expect(quotes.get("sum")).toMatchObject({ value: { bid: 20, ask: 0 }, version: 20 })
  })
})

describe("a table's subscriber", () => {
  it("[G6] [G7] is given the newest at most as often as it wants, never a stale end, and can say what it was not given", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", { bid: 0, ask: 0 }))
    const [calm, eager] = [new Follower(bed.raw(), { intervalMs: 450 }), new Follower(bed.raw())]
    await bed.clock.until(() => calm.position !== undefined && eager.position !== undefined)
    const given = calm.raw.of("rows").length
    expect([calm.values, eager.values]).toEqual([{ a: { bid: 0, ask: 0 } }, { a: { bid: 0, ask: 0 } }])
    for (let bid = 1; bid <= 100; bid++) {
      await done(quotes.merge("a", { bid }))
      await bed.clock.advance(20)
    }
    // Two seconds, at 500 ms a class.
    expect(calm.raw.of("rows").length - given).toBeLessThanOrEqual(5)
    await bed.clock.advance(500 + 2 * bed.network.latencyMs)
    expect([calm.values.a?.bid, eager.values.a?.bid]).toEqual([100, 100])
    expect([calm.updates - 1 + calm.skipped, eager.updates - 1 + eager.skipped]).toEqual([100, 100])
    expect(eager.updates).toBeGreaterThan(50)
    const quiet = calm.raw.of("rows").length
    await bed.clock.advance(5_000)
    expect(calm.raw.of("rows")).toHaveLength(quiet)
  })

  it("[G7] is given each field that it lacks, also of a row that was written again behind the end of a page", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const names = Array.from({ length: 300 }, (_, index) => `k${index}`)
    for (const name of names) await done(quotes.set(name, { bid: 0, ask: 0 }))
    const follower = new Follower(bed.raw(), { intervalMs: 60_000 })
    await bed.clock.until(() => Object.keys(follower.values).length === names.length)
    for (const name of names) await done(quotes.merge(name, { bid: 1 }))
    await done(quotes.merge("k0", { ask: 1 }))
    await bed.clock.advance(61_000)
    expect(follower.values).toEqual({ ...Object.fromEntries(names.map((name) => [name, { bid: 1, ask: 0 }])), k0: { bid: 1, ask: 1 } })
    expect([follower.skipped, follower.resets]).toEqual([1, 1])
  })

  it("is held to the rate of the contract, whatever it wants", async () => {
    bed = await start()
    const slow = bed.server.channel("slow")
    const follower = new Follower(bed.raw(), { intervalMs: 1 }, "slow")
    await bed.clock.until(() => follower.position !== undefined)
    for (let bid = 1; bid <= 50; bid++) {
      await done(slow.set("a", { bid, ask: 0 }))
      await bed.clock.advance(20)
    }
    await bed.clock.advance(1_000)
    expect(follower.values).toEqual({ a: { bid: 50, ask: 0 } })
    expect(follower.updates).toBeLessThanOrEqual(4)
  })

  it("[G6] [G7] costs a bounded number of bytes where it does not read, and is given the newest when it does", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const names = Array.from({ length: 40 }, (_, index) => `k${index}`)
    for (const name of names) await done(quotes.set(name, { bid: 0, ask: 0 }))
    const follower = new Follower(bed.raw({ address: "10.0.0.9" }))
    await bed.clock.until(() => Object.keys(follower.values).length === 40)
    bed.network.stallReaders(true, "10.0.0.9")
    const note = "x".repeat(2_000)
    for (let bid = 1; bid <= 20; bid++) {
      await done(Promise.all(names.map((name) => quotes.set(name, { bid, ask: 0, note: `${note}${bid}` }))))
      expect(bed.server.counters.queuedBytes).toBeLessThanOrEqual(262_144)
    }
    bed.network.stallReaders(false, "10.0.0.9")
    await bed.clock.until(() => Object.values(follower.values).every(({ bid }) => bid === 20))
    expect([follower.rows.size, follower.resets, follower.updates - 40 + follower.skipped]).toEqual([40, 1, 800])
    expect(follower.updates).toBeLessThan(600)
  })

  it("[G6] can say what it was not given also of a row that came back when nothing was known of it any more", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const follower = new Follower(bed.raw(), { intervalMs: 60_000, prefix: "mine" })
    await bed.clock.until(() => follower.position !== undefined)
    for (let bid = 1; bid <= 3; bid++) await done(quotes.set("mine", { bid, ask: 0 }))
    await bed.clock.advance(61_000)
    await done(quotes.delete("mine"))
    await bed.clock.advance(61_000)
    expect([follower.values, follower.skipped]).toEqual([{}, 2])
    const others = Array.from({ length: 1_000 }, (_, index) => `k${index}`)
    await done(Promise.all(others.map((name) => quotes.set(name, { bid: 0, ask: 0 }))))
    await done(Promise.all(others.map((name) => quotes.delete(name))))
    for (let bid = 1; bid <= 7; bid++) await done(quotes.set("mine", { bid, ask: 0 }))
    await bed.clock.advance(61_000)
    expect([follower.values, follower.skipped, follower.resets]).toEqual([{ mine: { bid: 7, ask: 0 } }, 8, 1])
    await done(quotes.merge("mine", { bid: 8 }))
    await bed.clock.advance(61_000)
    expect(follower.skipped).toBe(8)
  })

  it("[G4] begins anew, and says so, where it can no longer be told which rows left", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const follower = new Follower(bed.raw(), { intervalMs: 60_000 })
    await bed.clock.until(() => follower.position !== undefined)
    await done(Promise.all(Array.from({ length: 1_100 }, (_, index) => quotes.set(`k${index}`, { bid: index, ask: 0 }))))
    await bed.clock.advance(61_000)
    expect(Object.keys(follower.values)).toHaveLength(1_100)
    await done(Promise.all(Array.from({ length: 1_099 }, (_, index) => quotes.delete(`k${index}`))))
    await bed.clock.advance(61_000)
    expect(follower.values).toEqual({ k1099: { bid: 1_099, ask: 0 } })
    expect(follower.resets).toBe(2)
  })
})
