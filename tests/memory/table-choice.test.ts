import { type PartialTable, type Row, type TableChange, table } from "@magpie/client/table"
import { contract, table as tableKind } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, expectTypeOf, it } from "vitest"
import { z } from "zod"

const Quote = z.object({ sector: z.string(), bid: z.number(), ask: z.number() })
let asked = 0
const app = contract({
  quotes: tableKind({
    key: z.string(),
    value: Quote,
    filters: {
      sector: {
        argument: z.string().toLowerCase(),
        keep(quote, sector) {
          asked++
          return quote.sector === sector
        },
      },
      above: { argument: z.number(), keep: ({ bid }, least) => bid >= least },
      matches: { argument: z.string().transform((text) => new RegExp(text)), keep: (_quote, pattern, key) => pattern.test(key) },
      from: { argument: z.string().transform(BigInt), keep: ({ bid }, least) => BigInt(bid) >= least },
      broken: { argument: z.null(), keep: () => JSON.parse("nothing") },
    },
  }),
})
const start = (limits = {}) => createTestBed(app, { auth: anonymous(), limits, rules: { quotes: { authorize: () => true } } })

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

const done = <T>(pending: Promise<T>) => bed.clock.done(pending)

const quote = (sector: string, bid: number, ask = 0) => ({ sector, bid, ask })
const isLive = (its: { readonly state: { readonly state: string } }) => bed.clock.until(() => its.state.state === "live")
const bids = ({ rows }: { readonly rows: ReadonlyMap<string, Row<{ readonly bid: number }>> }) =>
  Object.fromEntries([...rows].map(([key, { value }]) => [key, value.bid]))

describe("a choice of fields", () => {
  it("is told with a row, whole or changed, and nothing else is", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", quote("tech", 1, 2)))
    const its = table(bed.connect().channel("quotes"), { fields: ["bid", "sector"] })
    expectTypeOf(its).toEqualTypeOf<PartialTable<(typeof app)["channels"]["quotes"], "bid" | "sector">>()
    const changes: TableChange[] = []
    its.on("change", (change) => changes.push(change))
    await isLive(its)
    expect(its.rows.get("a")?.value).toEqual({ sector: "tech", bid: 1 })
    await done(quotes.merge("a", { bid: 3, ask: 4 }))
    await bed.clock.until(() => bids(its).a === 3)
    expect(its.rows.get("a")?.value).toEqual({ sector: "tech", bid: 3 })
    // All fields are new, so the row is told whole.
    await done(quotes.set("a", quote("food", 5, 6)))
    await bed.clock.until(() => bids(its).a === 5)
    expect(its.rows.get("a")?.value).toEqual({ sector: "food", bid: 5 })
    expect(changes).toHaveLength(3)
  })

  it("[G6] is not told of writes of other fields, and counts them with the next", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", quote("tech", 1)))
    const its = table(bed.connect().channel("quotes"), { fields: ["bid"] })
    const changes: TableChange[] = []
    await isLive(its)
    its.on("change", (change) => changes.push(change))
    for (let ask = 1; ask <= 3; ask++) await done(quotes.merge("a", { ask }))
    await done(quotes.merge("a", { bid: 2 }))
    await bed.clock.until(() => bids(its).a === 2)
    expect(changes).toEqual([{ keys: ["a"], skipped: 3 }])
    expect(its.rows.get("a")?.version).toBe(5)
    await done(quotes.delete("a"))
    await bed.clock.until(() => its.rows.size === 0)
    const update = (its as unknown as { update(key: string, change: () => object): Promise<unknown> }).update("a", () => ({}))
    await expect(update).rejects.toMatchObject({ code: "BAD_REQUEST", details: { field: "fields" } })
  })
})

describe("a filter of the contract", () => {
  it("tells of the rows that it keeps, of one that comes in as it is, and of one that leaves as gone", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("a", quote("tech", 1)))
    await done(quotes.set("b", quote("food", 2)))
    for (let bid = 2; bid <= 9; bid++) await done(quotes.merge("b", { bid }))
    const its = table(bed.connect().channel("quotes"), { filter: { sector: "TECH" } })
    const changes: TableChange[] = []
    await isLive(its)
    its.on("change", (change) => changes.push(change))
    expect(bids(its)).toEqual({ a: 1 })
    await done(quotes.merge("b", { sector: "tech" }))
    await bed.clock.until(() => its.rows.size === 2)
    expect(its.rows.get("b")?.value).toEqual(quote("tech", 9))
    await done(quotes.merge("a", { sector: "food" }))
    await bed.clock.until(() => its.rows.size === 1)
    for (let bid = 10; bid <= 12; bid++) await done(quotes.merge("a", { bid }))
    await done(quotes.set("c", quote("food", 1)))
    await done(quotes.delete("c"))
    await done(quotes.merge("b", { bid: 20 }))
    await bed.clock.until(() => bids(its).b === 20)
    await done(quotes.merge("a", { sector: "tech" }))
    await bed.clock.until(() => its.rows.size === 2)
    await done(quotes.delete("b"))
    await bed.clock.until(() => its.rows.size === 1)
    expect(its.rows.get("a")?.value).toEqual(quote("tech", 12))
    expect(changes).toEqual(["b", "a", "b", "a", "b"].map((key) => ({ keys: [key], skipped: 0 })))
  })

  it("[G4] [G6] goes on after a lost link, also where rows came in or left meanwhile", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    for (const [index, key] of ["stays", "moves", "leaves", "later"].entries()) await done(quotes.set(key, quote("tech", index)))
    await done(quotes.set("comes", quote("food", 9)))
    const its = table(bed.connect({ address: "10.0.0.9" }).channel("quotes"), { filter: { sector: "tech" } })
    await isLive(its)
    bed.network.cut(true, "10.0.0.9")
    await bed.clock.until(() => its.state.state === "loading")
    for (const bid of [7, 8]) await done(quotes.merge("moves", { bid }))
    await done(quotes.merge("leaves", { sector: "food" }))
    await done(quotes.merge("comes", { sector: "tech" }))
    await done(quotes.set("never", quote("food", 1)))
    bed.network.cut(false, "10.0.0.9")
    await isLive(its)
    await bed.clock.until(() => its.rows.has("comes"))
    expect(bids(its)).toEqual({ stays: 0, moves: 8, later: 3, comes: 9 })
    expect(its.skipped).toBe(1)
    // It was not looked at since the link came back, and is held all the same.
    await done(quotes.merge("later", { sector: "food" }))
    await bed.clock.until(() => its.rows.size === 3)
    expect(bids(its)).toEqual({ stays: 0, moves: 8, comes: 9 })
  })

  it("is asked once of a row for all who follow it alike", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const its = Array.from({ length: 5 }, () => table(bed.connect().channel("quotes"), { rate: 2, filter: { sector: "tech" } }))
    for (const each of its) await isLive(each)
    await bed.clock.advance(2_000)
    asked = 0
    for (const key of ["a", "b", "c"]) await done(quotes.set(key, quote("tech", 1)))
    await bed.clock.until(() => its.every(({ rows }) => rows.size === 3))
    expect(asked).toBeLessThanOrEqual(2 * 3)
  })

  it("[G10] gives each subscriber the rows of its own argument, whatever the schema makes of that", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    const its = [{ matches: "^a" }, { matches: "^b" }, { from: "2" }, { from: "3" }].map((filter) =>
      table(bed.connect().channel("quotes"), { rate: 2, filter: filter as { readonly matches: string } }),
    )
    for (const each of its) await isLive(each)
    await bed.clock.advance(2_000)
    // All of them are given these from one view.
    await done(Promise.all(["a", "b", "c"].map((key, index) => quotes.set(key, quote("tech", index + 1)))))
    await bed.clock.advance(2_000)
    expect(its.map(bids)).toEqual([{ a: 1 }, { b: 2 }, { b: 2, c: 3 }, { c: 3 }])
  })

  it("goes with keys, a prefix and fields", async () => {
    bed = await start()
    const quotes = bed.server.channel("quotes")
    for (const [index, key] of ["x/a", "x/b", "y/a"].entries()) await done(quotes.set(key, quote("tech", index)))
    const [byKey, byPrefix] = [
      table(bed.connect().channel("quotes"), { keys: ["x/b", "y/a"], filter: { above: 2 } }),
      table(bed.connect().channel("quotes"), { prefix: "x/", filter: { above: 1 }, fields: ["bid"] }),
    ]
    await isLive(byKey)
    await isLive(byPrefix)
    expect([bids(byKey), byPrefix.rows.get("x/b")?.value, byPrefix.rows.size]).toEqual([{ "y/a": 2 }, { bid: 1 }, 1])
    await done(quotes.merge("x/a", { bid: 5 }))
    await bed.clock.until(() => byPrefix.rows.size === 2)
    expect([bids(byKey), byPrefix.rows.get("x/a")?.value]).toEqual([{ "y/a": 2 }, { bid: 5 }])
  })

  it("remembers nothing of rows that are no more, also of one who goes on from a position", async () => {
    bed = await start({ filteredRowsPerConnection: 3 })
    const quotes = bed.server.channel("quotes")
    await done(quotes.set("stays", quote("tech", 1)))
    const its = table(bed.connect({ address: "10.0.0.9" }).channel("quotes"), { filter: { sector: "tech" } })
    await isLive(its)
    bed.network.cut(true, "10.0.0.9")
    await bed.clock.until(() => its.state.state === "loading")
    bed.network.cut(false, "10.0.0.9")
    await isLive(its)
    for (let bid = 1; bid <= 10; bid++) {
      for (const sector of ["tech", "food"]) {
        await done(quotes.set(`${sector}${bid}`, quote(sector, bid)))
        await bed.clock.settle()
        await done(quotes.delete(`${sector}${bid}`))
        await bed.clock.settle()
      }
    }
    await done(quotes.merge("stays", { bid: 2 }))
    await bed.clock.until(() => bids(its).stays === 2)
    expect([bids(its), its.state.state]).toEqual([{ stays: 2 }, "live"])
  })

  it("[G11] ends openly where a connection's filters keep too many rows, and others then have their room", async () => {
    bed = await start({ filteredRowsPerConnection: 3 })
    const quotes = bed.server.channel("quotes")
    for (let bid = 1; bid <= 4; bid++) await done(quotes.set(`k${bid}`, quote("tech", bid)))
    const raw = bed.raw()
    const subscribe = (id: number, least: number) => ({
      ...{ type: "subscribe", id, channel: "quotes", intervalMs: 1_000 },
      filter: { name: "above", argument: least },
    })
    raw.send({ type: "hello", version: 1 }, subscribe(1, 1))
    await bed.clock.until(() => raw.of("unsubscribed").length === 1)
    expect([raw.of("unsubscribed")[0]?.code, raw.of("rows")]).toEqual(["LIMIT_EXCEEDED", []])
    // What the first of these keeps leaves with it.
    for (const id of [2, 3]) {
      raw.send(subscribe(id, 2))
      await bed.clock.until(() => raw.of("rows").length === id - 1)
      if (id === 2) raw.send({ type: "unsubscribe", channel: "quotes" })
    }
    await done(quotes.set("k2", quote("tech", 0)))
    await bed.clock.advance(2_000)
    await done(quotes.set("k1", quote("tech", 5)))
    await bed.clock.until(() => raw.of("rows").length === 4)
    await done(quotes.set("k2", quote("tech", 5)))
    await bed.clock.until(() => raw.of("unsubscribed").length === 2)
  })

  it("[G11] is refused with a code where there is none of that name, or its argument is none, and ends the subscription where it throws", async () => {
    bed = await start()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 })
    const filters = [{ name: "other" }, { name: "__proto__" }, { name: "sector", argument: 7 }, { name: "above", argument: 7 }]
    for (const [id, filter] of filters.entries()) raw.send({ type: "subscribe", id, channel: "quotes", filter })
    await bed.clock.until(() => raw.reply(3) !== undefined)
    expect([0, 1, 2, 3].map((id) => raw.reply(id)?.code)).toEqual(["BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", undefined])
    expect(raw.reply(2)?.details).toMatchObject({ field: "filter.argument" })
    await done(bed.server.channel("quotes").set("a", quote("tech", 1)))
    const broken = bed.raw()
    broken.send({ type: "hello", version: 1 }, { type: "subscribe", id: 1, channel: "quotes", filter: { name: "broken", argument: null } })
    await bed.clock.until(() => broken.of("unsubscribed").length === 1)
    expect(broken.of("unsubscribed")[0]).toMatchObject({ code: "INTERNAL" })
    const names = { sector: "tech", above: 1 } as never
    expect(() => table(bed.connect().channel("quotes"), { filter: names })).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
  })
})
