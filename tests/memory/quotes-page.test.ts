import type { Client } from "@magpie/client"
import { afterEach, describe, expect, it } from "vitest"
import type { showcase } from "../../apps/showcase/src/contract.ts"
import { ladderOf } from "../../apps/showcase/src/quotes/book/ladder.ts"
import { openBarHistory, withBar } from "../../apps/showcase/src/quotes/chart/bar-history.ts"
import { effectOf } from "../../apps/showcase/src/quotes/limits/measure.ts"
import { age, staleAfterMs } from "../../apps/showcase/src/quotes/list/age.ts"
import { createQuoteBoard } from "../../apps/showcase/src/quotes/list/quote-board.ts"
import { rowsInView } from "../../apps/showcase/src/quotes/list/rows-in-view.ts"
import { createWatchList, search } from "../../apps/showcase/src/quotes/list/watch-list.ts"
import { openReplayControl } from "../../apps/showcase/src/quotes/replay/replay-control.ts"
import type { Bar, Quote } from "../../apps/showcase/src/quotes/schemas.ts"
import { REAL_SYMBOLS } from "../../apps/showcase/src/quotes/symbols.ts"
import { createQuotesBed, type QuotesBed } from "./quotes-bed.ts"

let its: QuotesBed | undefined
afterEach(async () => {
  await its?.bed.close()
  its = undefined
})

const quote = (last: number): Quote => ({ date: "2005-09-01", last, bid: last, ask: last, open: 1, high: 9, low: 1, previous: 1 })

async function open(): Promise<{ readonly its: QuotesBed; readonly client: Client<typeof showcase> }> {
  its = await createQuotesBed()
  return { its, client: its.bed.connect({ address: "10.0.0.9" }) }
}

describe("the board of quotes", () => {
  it("says where each price went, and keeps the way of one that was written again unchanged", async () => {
    const { its, client } = await open()
    const { quotes } = its.channels
    const board = createQuoteBoard(client, () => its.bed.clock.monotonic())
    board.follow("all")
    const directions: (string | undefined)[] = []
    board.onChange(() => directions.push(board.rows.get("SPX")?.direction))
    for (const last of [2, 3, 3, 1]) {
      await its.told(quotes.set("SPX", quote(last)))
      await its.bed.clock.advance(200)
    }
    expect(directions).toEqual(["none", "up", "up", "down"])
  })

  it("is told of no other symbols than it follows, and keeps what it knew of those it follows no longer", async () => {
    const { its, client } = await open()
    const board = createQuoteBoard(client, () => its.bed.clock.monotonic())
    board.follow(["SPX"])
    for (const symbol of ["SPX", "MSFT"]) await its.told(its.channels.quotes.set(symbol, quote(2)))
    await its.bed.clock.advance(500)
    expect([...board.rows.keys()]).toEqual(["SPX"])
    board.follow(["MSFT"])
    await its.bed.clock.until(() => board.rows.size === 2)
    await its.told(its.channels.quotes.set("SPX", quote(3)))
    await its.bed.clock.advance(500)
    expect(board.rows.get("SPX")?.quote.last).toBe(2)
    board.follow([])
    await its.told(its.channels.quotes.set("MSFT", quote(3)))
    await its.bed.clock.advance(500)
    expect(board.rows.get("MSFT")?.quote.last).toBe(2)
  })

  it("[G7] knows since when it has heard nothing while the network is cut, and has the newest when it is back", async () => {
    const { its, client } = await open()
    const board = createQuoteBoard(client, () => its.bed.clock.monotonic())
    board.follow("all")
    await its.told(its.channels.quotes.set("SPX", quote(2)))
    await its.bed.clock.until(() => board.rows.size === 1)
    const heardAt = board.rows.get("SPX")?.heardAt
    its.bed.network.cut(true, "10.0.0.9")
    for (let last = 3; last <= 7; last++) await its.told(its.channels.quotes.set("SPX", quote(last)))
    await its.bed.clock.advance(8_000)
    expect(board.rows.get("SPX")).toMatchObject({ heardAt, quote: { last: 2 } })
    its.bed.network.cut(false, "10.0.0.9")
    await its.bed.clock.until(() => board.rows.get("SPX")?.quote.last === 7)
    expect(board.counts).toEqual({ updates: 2, skipped: 4 })
  })

  it("[G6] takes another rate at any time, also across a change of symbols", async () => {
    const { its, client } = await open()
    const board = createQuoteBoard(client, () => its.bed.clock.monotonic())
    board.follow("all")
    board.setLimits({ rate: 1, maxBytesPerSecond: undefined })
    board.follow(["SPX"])
    await its.told(its.channels.quotes.set("SPX", quote(1)))
    await its.bed.clock.until(() => board.rows.size === 1)
    const before = board.counts
    for (let written = 0; written < 50; written++) {
      await its.told(its.channels.quotes.set("SPX", quote(written % 2)))
      await its.bed.clock.advance(100)
    }
    await its.bed.clock.advance(2_000)
    const updates = board.counts.updates - before.updates
    expect(updates).toBeLessThanOrEqual(9)
    expect(updates + board.counts.skipped - before.skipped).toBe(50)
  })
})

describe("the bytes that a page limits itself to", () => {
  it("[G6] [G7] make updates rarer, say so, and hide neither what was skipped nor the newest", async () => {
    const { its, client } = await open()
    const board = createQuoteBoard(client, () => its.bed.clock.monotonic())
    board.follow("all")
    await its.told(its.channels.quotes.set("SPX", quote(1)))
    await its.bed.clock.until(() => board.rows.size === 1)
    expect(board.pace.get().slowedBy).toBeUndefined()
    board.setLimits({ rate: undefined, maxBytesPerSecond: 100 })
    for (let written = 0; written < 200; written++) {
      await its.told(its.channels.quotes.set("SPX", quote(2 + written)))
      await its.bed.clock.advance(50)
    }
    expect(board.pace.get().slowedBy).toBe("bytes")
    await its.bed.clock.until(() => board.rows.get("SPX")?.quote.last === 201)
    expect(board.counts.updates + board.counts.skipped).toBe(201)
    expect(board.counts.skipped).toBeGreaterThan(board.counts.updates)
  })
})

describe("the days behind a chart", () => {
  const bar = (lap: number, day: number): Bar => ({ lap, day, date: "2005-09-01", open: 1, high: 1, low: 1, close: 1 })
  const names = (bars: readonly Bar[]) => bars.map(({ lap, day }) => `${lap}/${day}`)

  it("stand in order without a hole: a new lap and days that are missing begin anew", () => {
    const told = [bar(1, 4), bar(1, 5), bar(1, 5), bar(1, 3), bar(1, 6)]
    expect(names(told.reduce(withBar, [] as readonly Bar[]))).toEqual(["1/4", "1/5", "1/6"])
    expect(names([...told, bar(1, 9)].reduce(withBar, [] as readonly Bar[]))).toEqual(["1/9"])
    expect(names([...told, bar(2, 1), bar(1, 7), bar(2, 2)].reduce(withBar, [] as readonly Bar[]))).toEqual(["2/1", "2/2"])
  })

  it("[G4] are there from history and go on live, also over a link that breaks", async () => {
    const { its, client } = await open()
    const stream = its.channels.bars("SPX")
    for (const day of [1, 2, 3]) await its.told(stream.publish("bar", bar(1, day), { key: `1/${day}` }))
    const history = openBarHistory(client, "SPX")
    await its.bed.clock.until(() => history.state.get() === "live")
    its.bed.network.cut(true, "10.0.0.9")
    for (const day of [4, 5]) await its.told(stream.publish("bar", bar(1, day), { key: `1/${day}` }))
    await its.bed.clock.advance(5_000)
    its.bed.network.cut(false, "10.0.0.9")
    await its.bed.clock.until(() => history.bars.get().length === 5)
    expect(names(history.bars.get())).toEqual(["1/1", "1/2", "1/3", "1/4", "1/5"])
    history.close()
    await its.bed.clock.advance(1_000)
    expect(stream.subscribers).toBe(0)
  })
})

describe("the control of the replay", () => {
  it("shows at once what was chosen, and what everybody chose last", async () => {
    const { its, client } = await open()
    const [mine, theirs] = [openReplayControl(client), openReplayControl(its.bed.connect())]
    await its.bed.clock.advance(500)
    mine.choose({ updatesPerSecond: 50 })
    expect(mine.wish.get().updatesPerSecond).toBe(50)
    await its.bed.clock.until(() => theirs.wish.get().updatesPerSecond === 50)
    theirs.choose({ playing: false })
    await its.bed.clock.until(() => !mine.wish.get().playing)
    expect(mine.wish.get()).toEqual({ playing: false, dayMs: 5_000, updatesPerSecond: 50 })
  })

  it("takes back what the server refused, and says so", async () => {
    const { its, client } = await open()
    const control = openReplayControl(client)
    await its.bed.clock.advance(500)
    control.choose({ dayMs: 7 as 1_000 })
    await its.bed.clock.until(() => control.failure.get() === "refused")
    expect(control.wish.get().dayMs).toBe(5_000)
  })
})

describe("what the page makes of it", () => {
  const sample = (at: number, updates: number, skipped: number, bytesIn: number) => ({ at, updates, skipped, bytesIn })

  it("measures rates over the last samples, and estimates what was saved by the size of what came", () => {
    const first = sample(0, 0, 0, 1_000)
    const samples = [sample(1_000, 100, 50, 11_000), sample(3_000, 300, 450, 31_000)]
    expect(effectOf(samples, first)).toEqual({
      updatesPerSecond: 100,
      skippedPerSecond: 200,
      skipped: 450,
      bytesPerSecond: 10_000,
      savedBytes: 45_000,
    })
    expect(effectOf([first], first).savedBytes).toBe(0)
  })

  it("calls a quote old when it should have come twice, and not before three seconds", () => {
    expect([staleAfterMs(20), staleAfterMs(0.2)]).toEqual([3_000, 10_000])
    expect([2_999, 3_000, 11_999, 12_000].map((ms) => age(ms, 3_000))).toEqual(["fresh", "old", "old", "lost"])
  })

  it("draws the rows in view and a few beside them, of however many", () => {
    expect(rowsInView(0, 480, 48, 1_000)).toEqual({ from: 0, to: 14 })
    expect(rowsInView(24_000, 480, 48, 1_000)).toEqual({ from: 496, to: 514 })
    expect(rowsInView(24_000, 480, 48, 3)).toEqual({ from: 3, to: 3 })
  })

  it("finds symbols by letters of their symbol or name, and keeps the list that somebody made", () => {
    const names: Readonly<Record<string, string>> = { MSFT: "Microsoft", GOOG: "Google" }
    const nameOf = (symbol: string) => names[symbol] ?? ""
    expect(search(["MSFT", "GOOG"], " goo", nameOf)).toEqual(["GOOG"])
    expect(search(["MSFT", "GOOG"], "soft", nameOf)).toEqual(["MSFT"])
    const kept = new Map<string, string>([["magpie.quotes.watched", "{"]])
    const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) }
    const list = createWatchList(storage)
    expect(list.symbols.get()).toEqual(REAL_SYMBOLS)
    list.toggle("SPX")
    list.toggle("MU-007")
    expect(createWatchList(storage).symbols.get()).toEqual([...REAL_SYMBOLS.slice(1), "MU-007"])
  })

  it("puts orders in their places, the nearest first, and their sizes beside the largest", () => {
    const row = (key: string, price: number, size: number) => ({ key, price, size })
    const { asks, bids, spread } = ladderOf([row("bid-02", 7, 50), row("ask-02", 11, 200), row("bid-01", 8, 100), row("ask-01", 10, 20)])
    expect([asks.map(({ price }) => price), bids.map(({ price }) => price), spread]).toEqual([[10, 11], [8, 7], 2])
    expect(bids.map(({ part }) => part)).toEqual([0.5, 0.25])
  })
})
