import { table } from "@magpie/client/table"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { HISTORY_DAYS } from "../../apps/showcase/src/quotes/feed/bar-writer.ts"
import { type Feed, FIRST_WANTED } from "../../apps/showcase/src/quotes/feed/feed.ts"
import { createReplayClock } from "../../apps/showcase/src/quotes/feed/replay-clock.ts"
import type { Bar } from "../../apps/showcase/src/quotes/schemas.ts"
import { FIRST_DAY } from "../../apps/showcase/src/quotes/series/paths.ts"
import { createQuotesBed, type QuotesBed, SYMBOLS } from "./quotes-bed.ts"

let its: QuotesBed
let feed: Feed
beforeEach(async () => {
  its = await createQuotesBed()
  feed = its.feedOf()
})
afterEach(async () => {
  feed.close()
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

/** Rows of the quotes that were written in so many milliseconds. */
async function writesIn(ms: number): Promise<number> {
  const before = Math.max(...SYMBOLS.map((symbol) => its.bed.server.channel("quotes").get(symbol)?.version ?? 0))
  await its.bed.clock.advance(ms)
  return Math.max(...SYMBOLS.map((symbol) => its.bed.server.channel("quotes").get(symbol)?.version ?? 0)) - before
}

describe("the feed of the share quotes", () => {
  it("writes nothing while nobody follows, wakes for the first and sleeps after the last", async () => {
    expect(await writesIn(5_000)).toBe(0)
    expect(feed.isAwake).toBe(false)
    const quotes = table(its.bed.connect().channel("quotes"))
    await its.bed.clock.until(() => quotes.rows.size === SYMBOLS.length)
    expect(feed.isAwake).toBe(true)
    quotes.close()
    await its.bed.clock.until(() => !feed.isAwake)
    expect(await writesIn(5_000)).toBe(0)
  })

  it("writes each symbol as often as somebody wants, and none while it is paused", async () => {
    const client = its.bed.connect()
    const quotes = table(client.channel("quotes"))
    const wanted = table(client.channel("quotes/wanted"))
    await its.bed.clock.until(() => quotes.rows.size === SYMBOLS.length)
    await its.bed.clock.advance(1_000)
    const perSymbol = async (ms: number) => (await writesIn(ms)) / SYMBOLS.length / (ms / 1_000)
    expect(await perSymbol(10_000)).toBeCloseTo(FIRST_WANTED.updatesPerSecond, 0)
    await its.told(wanted.set("all", { ...FIRST_WANTED, updatesPerSecond: 50 }))
    await its.bed.clock.advance(1_000)
    expect(await perSymbol(10_000)).toBeCloseTo(50, 0)
    await its.told(wanted.set("all", { ...FIRST_WANTED, playing: false }))
    await its.bed.clock.advance(1_000)
    expect(await writesIn(10_000)).toBe(0)
  })

  it("[G6] is counted exactly by a page that wants to be told once a second: what came and what was skipped is all", async () => {
    const client = its.bed.connect()
    const quotes = table(client.channel("quotes"), { rate: 1 })
    let updates = 0
    quotes.on("change", ({ keys }) => {
      updates += keys.length
    })
    await its.bed.clock.until(() => quotes.rows.size === SYMBOLS.length)
    await its.bed.clock.advance(10_000)
    feed.close()
    const written = Math.max(...SYMBOLS.map((symbol) => its.bed.server.channel("quotes").get(symbol)?.version ?? 0))
    await its.bed.clock.advance(2_000)
    expect(updates + quotes.skipped).toBe(written)
    expect(updates).toBeLessThanOrEqual(SYMBOLS.length * 14)
    expect(quotes.skipped).toBeGreaterThan(updates)
    for (const symbol of SYMBOLS) expect(quotes.rows.get(symbol)?.value).toEqual(its.bed.server.channel("quotes").get(symbol)?.value)
  })

  it("goes on where it was after a restart, with every day in a chart's stream once and in order", async () => {
    const client = its.bed.connect()
    const bars: Bar[] = []
    const channel = client.channel("quotes/bars/MSFT")
    table(client.channel("quotes/replay"))
    channel.on("bar", ({ data }) => bars.push(data))
    await its.told(channel.subscribe())
    await its.bed.clock.until(() => bars.length > HISTORY_DAYS)
    const day = () => its.channels.replay.get("all")?.value.day ?? 0
    const reached = day()
    feed.close()
    feed = its.feedOf()
    await its.bed.clock.advance(FIRST_WANTED.dayMs / 2)
    expect(day()).toBe(reached)
    await its.bed.clock.until(() => bars.length > HISTORY_DAYS + 3)
    expect(bars.map(({ day }) => day)).toEqual(bars.map((_, index) => FIRST_DAY - HISTORY_DAYS + 1 + index))
    for (const { lap, day, date, ...prices } of bars) {
      expect([lap, date, prices]).toEqual([1, its.paths.dateOf(day), its.paths.pricesOf("MSFT", day)])
    }
    expect(await its.told(client.channel("quotes/bars/SPX").history({ limit: 10 }))).toMatchObject({ messages: [] })
  })

  it("makes good the days that nobody followed, when somebody does", async () => {
    const client = its.bed.connect()
    table(client.channel("quotes/replay"))
    const channel = client.channel("quotes/bars/MSFT")
    const days: number[] = []
    channel.on("bar", ({ data }) => days.push(data.day))
    await its.told(channel.subscribe())
    await its.bed.clock.until(() => days.length >= HISTORY_DAYS)
    await its.told(channel.unsubscribe())
    await its.bed.clock.advance(10 * FIRST_WANTED.dayMs)
    const page = await its.told(channel.history({ limit: 1 }))
    await its.told(channel.subscribe({ position: page.position }))
    await its.bed.clock.until(() => days.length > HISTORY_DAYS + 9)
    expect(days).toEqual(days.map((_, index) => (days[0] ?? 0) + index))
  })

  it("puts ten orders on either side of the price, none of them beyond it", async () => {
    const client = its.bed.connect()
    const quotes = table(client.channel("quotes"))
    const book = table(client.channel("quotes/book/SPX"))
    await its.bed.clock.until(() => book.rows.size === 20)
    await its.bed.clock.advance(20_000)
    const side = (name: string) =>
      [...book.rows]
        .filter(([key]) => key.startsWith(name))
        .sort()
        .map(([, { value }]) => value.price)
    const [asks, bids] = [side("ask"), side("bid")]
    expect(asks).toEqual(asks.toSorted((a, b) => a - b))
    expect(bids).toEqual(bids.toSorted((a, b) => b - a))
    expect(asks[0]).toBeGreaterThan(bids[0] ?? 0)
    expect(quotes.rows.size).toBe(SYMBOLS.length)
  })

  it("[G10] lets visitors write what they want of the replay, and no price, no order and no bar", async () => {
    const client = its.bed.connect()
    const quotes = table(client.channel("quotes"))
    await its.bed.clock.until(() => quotes.rows.size === SYMBOLS.length)
    const row = quotes.rows.get("SPX")?.value
    if (row === undefined) throw new Error("no row")
    await expect(its.told(quotes.set("SPX", row))).rejects.toMatchObject({ code: "FORBIDDEN" })
    await expect(its.told(table(client.channel("quotes/book/SPX")).set("ask-01", { price: 1, size: 1 }))).rejects.toMatchObject({
      code: "FORBIDDEN",
    })
    const bar = { lap: 1, day: 1, date: "2004-09-01", open: 1, high: 1, low: 1, close: 1 }
    await expect(its.told(client.channel("quotes/bars/SPX").send("bar", bar))).rejects.toMatchObject({ code: "FORBIDDEN" })
    const wanted = table(client.channel("quotes/wanted"))
    await expect(its.told(wanted.set("all", { ...FIRST_WANTED, dayMs: 1 as 1_000 }))).rejects.toMatchObject({ code: "BAD_REQUEST" })
  })

  it("writes no longer in one turn than leaves time for others, however much is wanted", async () => {
    feed.close()
    const { clock } = its.bed
    let looks = 0
    // Time that passes by being looked at: two milliseconds each.
    const slow = { ...clock, monotonic: () => clock.monotonic() + 2 * looks++ }
    const symbols = Array.from({ length: 900 }, (_, index) => `MU-${String(index + 1).padStart(3, "0")}`)
    feed = its.feedOf({ clock: slow, symbols })
    const quotes = table(its.bed.connect().channel("quotes"))
    await clock.until(() => quotes.rows.size > 0)
    const written = symbols.filter((symbol) => its.channels.quotes.get(symbol) !== undefined)
    expect(written).toEqual(symbols.slice(0, written.length))
    expect(written.length).toBeLessThan(symbols.length / 2)
  })

  it("ends with the server that it writes to, and throws nothing", async () => {
    const quotes = table(its.bed.connect().channel("quotes"))
    await its.bed.clock.until(() => quotes.rows.size === SYMBOLS.length)
    await its.told(its.bed.server.close({ spreadMs: 0 }))
    await its.bed.clock.advance(5_000)
    expect(feed.isAwake).toBe(false)
  })
})

describe("the clock of a replay", () => {
  it("goes through the days and begins a new lap after the last", () => {
    const clock = createReplayClock({ lap: 1, day: 8 }, 5, 10)
    const seen = Array.from({ length: 5 }, () => {
      clock.advance(1_000, 1_000)
      return `${clock.lap}/${clock.day}`
    })
    expect(seen).toEqual(["1/9", "2/5", "2/6", "2/7", "2/8"])
    clock.advance(2_500, 1_000)
    expect([clock.lap, clock.day, clock.part]).toEqual([3, 5, 0.5])
  })
})
