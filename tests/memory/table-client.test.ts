import { type Table, type TableChange, table } from "@magpie/client/table"
import { contract, json, table as tableKind } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, expectTypeOf, it } from "vitest"

type Quote = { readonly bid: number; readonly ask: number }
const app = contract({
  quotes: tableKind({ key: json<string>(), value: json<Quote>() }),
  quick: tableKind({ key: json<string>(), value: json<Quote>(), durability: "memory" }),
})
const start = () =>
  createTestBed(app, {
    auth: anonymous(),
    rules: { quotes: { authorize: ({ action, key }) => action !== "write" || key !== "locked" }, quick: { authorize: () => true } },
  })

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

type Quotes = Table<(typeof app)["channels"]["quotes"]>
const bids = ({ rows }: Quotes) => Object.fromEntries([...rows].map(([key, { value }]) => [key, value.bid]))
const isLive = (quotes: Quotes) => bed.clock.until(() => quotes.state.state === "live")

const done = <T>(pending: Promise<T>) => bed.clock.done(pending)

describe("a table on a client", () => {
  it("is a live map of rows, which it writes under its own types", async () => {
    bed = await start()
    const [ann, bob] = [table(bed.connect().channel("quotes")), table(bed.connect().channel("quotes"))]
    expectTypeOf(ann).toEqualTypeOf<Quotes>()
    await isLive(ann)
    expect(ann.rows.size).toBe(0)
    const changes: TableChange[] = []
    bob.on("change", (change) => changes.push(change))
    expect(await done(ann.set("a", { bid: 1, ask: 2 }))).toMatchObject({ position: { offset: 1 }, duplicate: false })
    await done(ann.merge("a", { bid: 7 }))
    await bed.clock.until(() => bids(bob).a === 7)
    expect(bob.rows.get("a")).toMatchObject({ value: { bid: 7, ask: 2 }, version: 2 })
    await done(ann.delete("a"))
    await bed.clock.until(() => bob.rows.size === 0)
    expect(changes.at(-1)).toEqual({ keys: ["a"], skipped: 0 })
  })

  it("[G4] [G6] comes back after a lost link with the newest, and knows how many updates it missed", async () => {
    bed = await start()
    const [ann, bob] = [bed.connect(), bed.connect({ address: "10.0.0.9" })]
    const [writes, reads] = [table(ann.channel("quotes")), table(bob.channel("quotes"))]
    await done(writes.set("a", { bid: 0, ask: 0 }))
    await done(writes.set("b", { bid: 0, ask: 0 }))
    await bed.clock.until(() => reads.rows.size === 2)
    bed.network.cut(true, "10.0.0.9")
    await bed.clock.until(() => reads.state.state === "loading")
    expect(bids(reads)).toEqual({ a: 0, b: 0 })
    const server = bed.server.channel("quotes")
    for (let bid = 1; bid <= 5; bid++) await done(server.merge("a", { bid }))
    await done(server.delete("b"))
    bed.network.cut(false, "10.0.0.9")
    await isLive(reads)
    await bed.clock.until(() => bids(reads).a === 5)
    expect([bids(reads), reads.skipped]).toEqual([{ a: 5 }, 4])
  })

  it("takes the place of what it held, at once and as a whole, where the server has begun anew", async () => {
    bed = await start()
    const quotes = table(bed.connect().channel("quotes"))
    await done(quotes.set("old", { bid: 1, ask: 1 }))
    await bed.clock.until(() => quotes.rows.size === 1)
    bed.kill()
    await bed.start()
    await done(bed.server.channel("quotes").set("new", { bid: 2, ask: 2 }))
    const seen: unknown[] = []
    quotes.on("change", ({ keys }) => seen.push([keys, bids(quotes)]))
    await bed.clock.until(() => quotes.rows.has("new"))
    expect(seen).toEqual([[["old", "new"], { new: 2 }]])
  })

  it("is live where the rows that it follows are few among many", async () => {
    bed = await start()
    const server = bed.server.channel("quotes")
    await done(Promise.all(Array.from({ length: 600 }, (_, index) => server.set(`k${index}`, { bid: index, ask: 0 }))))
    // Behind all others, and never given as it was before.
    await done(server.merge("k0", { bid: 7 }))
    const [few, all] = [table(bed.connect().channel("quotes"), { keys: ["k0"] }), table(bed.connect().channel("quotes"))]
    await isLive(few)
    await isLive(all)
    expect([bids(few), all.rows.size, all.skipped]).toEqual([{ k0: 7 }, 600, 0])
    expect(all.rows.get("k0")?.value).toEqual({ bid: 7, ask: 0 })
  })

  it("tells of changes only where something changed", async () => {
    bed = await start()
    const server = bed.server.channel("quotes")
    const quotes = table(bed.connect().channel("quotes"), { keys: ["k0"] })
    const changes: TableChange[] = []
    quotes.on("change", (change) => changes.push(change))
    await isLive(quotes)
    await done(server.set("k0", { bid: 1, ask: 0 }))
    await bed.clock.until(() => bids(quotes).k0 === 1)
    expect(changes).toEqual([{ keys: ["k0"], skipped: 0 }])
  })

  it("updates a row by a function, whoever else does so", async () => {
    bed = await start()
    const clients = Array.from({ length: 3 }, () => table(bed.connect().channel("quotes")))
    const add = (quotes: Quotes) => quotes.update("sum", (value) => ({ bid: (value?.bid ?? 0) + 1, ask: 0 }))
    await done(Promise.all(clients.flatMap((quotes) => [add(quotes), add(quotes), add(quotes)])))
    expect(bed.server.channel("quotes").get("sum")?.value).toEqual({ bid: 9, ask: 0 })
  })

  it("says what is there where a condition does not hold, and refuses with codes", async () => {
    bed = await start()
    const channel = bed.connect().channel("quotes")
    const quotes = table(channel)
    await done(quotes.set("a", { bid: 1, ask: 1 }, { expected: 0 }))
    await expect(done(quotes.set("a", { bid: 2, ask: 2 }, { expected: 7 }))).rejects.toMatchObject({
      code: "CONFLICT",
      details: { row: { version: 1, data: { bid: 1, ask: 1 } } },
    })
    await expect(done(quotes.delete("b"))).rejects.toMatchObject({ code: "CONFLICT", details: { row: null } })
    await expect(done(quotes.set("locked", { bid: 1, ask: 1 }))).rejects.toMatchObject({ code: "FORBIDDEN" })
    expect(() => table(channel)).toThrow("CONFLICT")
    for (const rate of [0, 1 / 61, Number.NaN]) expect(() => table(bed.connect().channel("quotes"), { rate })).toThrow("BAD_REQUEST")
    await expect(done(quotes.set("two\nlines", { bid: 1, ask: 1 }))).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await expect(done(quotes.set("橋".repeat(400), { bid: 1, ask: 1 }))).rejects.toMatchObject({ code: "BAD_REQUEST" })
    // What comes after a refusal is in order.
    expect(await done(quotes.set("a", { bid: 3, ask: 3 }))).toMatchObject({ position: { offset: 2 } })
  })

  it("[G7] takes another rate while it is live, and loses nothing of it", async () => {
    bed = await start()
    const client = bed.connect()
    const quotes = table(client.channel("quotes"), { rate: 0.1 })
    await isLive(quotes)
    const server = bed.server.channel("quotes")
    let changes = 0
    quotes.on("change", () => changes++)
    await done(server.set("a", { bid: 1, ask: 0 }))
    quotes.setRate(20)
    await bed.clock.advance(1_000)
    expect([bids(quotes), changes]).toEqual([{ a: 1 }, 1])
    quotes.setRate(1)
    for (let bid = 2; bid <= 40; bid++) {
      await done(server.merge("a", { bid }))
      await bed.clock.advance(50)
    }
    await bed.clock.advance(1_200)
    expect(bids(quotes)).toEqual({ a: 40 })
    expect(changes).toBeLessThanOrEqual(6)
    // The first update gave the row, and each of the others is one of the 39 writes after it.
    expect(changes - 1 + quotes.skipped).toBe(39)
  })

  it("takes another rate also while it is being asked for", async () => {
    bed = await start()
    bed.network.latencyMs = 50
    const client = bed.connect()
    const quotes = table(client.channel("quotes"), { rate: 0.02 })
    await bed.clock.until(() => client.status.state === "online")
    quotes.setRate(20)
    expect(quotes.state.state).toBe("loading")
    await isLive(quotes)
    await done(bed.server.channel("quotes").set("a", { bid: 1, ask: 0 }))
    await bed.clock.advance(1_000)
    expect(bids(quotes)).toEqual({ a: 1 })
  })

  it("[G12] leaves nothing behind where it is closed, and can be opened anew", async () => {
    bed = await start()
    const channel = bed.connect().channel("quotes")
    const quotes = table(channel)
    await isLive(quotes)
    quotes.close()
    quotes.close()
    await bed.clock.until(() => bed.server.channel("quotes").subscribers === 0)
    const again = table(channel)
    await isLive(again)
    expect([quotes.state.state, again.state.state]).toEqual(["closed", "live"])
  })

  it("[G2] writes a table in memory on after the server forgot it, each write once and in the order of the calls", async () => {
    bed = await start()
    const [ann, bob] = [table(bed.connect().channel("quick")), table(bed.connect().channel("quick"))]
    for (let bid = 1; bid <= 3; bid++) await done(ann.set("a", { bid, ask: 0 }))
    await bed.clock.until(() => bob.rows.get("a")?.value.bid === 3)
    bed.kill()
    await bed.start()
    const sums = [4, 5, 6].map((bid) => ann.set(`k${bid}`, { bid, ask: 0 }))
    expect(await done(Promise.all(sums))).toMatchObject([1, 2, 3].map((offset) => ({ position: { offset }, level: "memory" })))
    await bed.clock.until(() => bob.rows.size === 3 && bob.state.state === "live")
    expect([...bob.rows.keys()]).toEqual(["k4", "k5", "k6"])
  })
})
