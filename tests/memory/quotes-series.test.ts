import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createPaths, type DayPrices } from "../../apps/showcase/src/quotes/series/paths.ts"
import series from "../../apps/showcase/src/quotes/series/series.json" with { type: "json" }
import { tradingDay } from "../../apps/showcase/src/quotes/series/trading-day.ts"
import { INDEX, originOf, REAL_SYMBOLS, SYMBOLS } from "../../apps/showcase/src/quotes/symbols.ts"

const { makeSeries } = await import(new URL("../../apps/showcase/scripts/quote-series.mjs", import.meta.url).href)
const paths = createPaths(series)
const days = Array.from({ length: paths.dayCount - 1 }, (_, index) => index + 1)
const isLastOfMonth = (day: number) => paths.dateOf(day).slice(0, 7) !== paths.dateOf(day + 1).slice(0, 7)

describe("the prices that are replayed", () => {
  it("are those of the package, as the script takes them from it", () => {
    expect(series).toEqual(makeSeries())
  })

  it("are the index's real open, high, low and close on each day", () => {
    for (const day of days) {
      const { open, high, low, close } = paths.pricesOf(INDEX, day)
      expect([Number(paths.dateOf(day).replaceAll("-", "")), open, high, low, close]).toEqual(series.days[day])
    }
  })

  it("meet a share's real close at the end of each month, and are another price nearly everywhere else", () => {
    for (const [share, closes] of Object.entries(series.shares)) {
      const ends = days.filter(isLastOfMonth).map((day) => paths.pricesOf(share, day).close)
      expect(ends).toEqual(closes.slice(1))
      expect(new Set(days.map((day) => paths.pricesOf(share, day).close)).size).toBeGreaterThan(closes.length * 3)
    }
  })

  it("lie between each day's low and high, for real and made-up symbols", () => {
    for (const symbol of [...REAL_SYMBOLS, "MU-001", "MU-500", "MU-994"]) {
      for (const day of days) {
        const { open, high, low, close } = paths.pricesOf(symbol, day)
        expect(Math.min(open, close)).toBeGreaterThanOrEqual(low)
        expect(Math.max(open, close)).toBeLessThanOrEqual(high)
        expect(low).toBeGreaterThan(0)
      }
    }
  })

  it("are the same ones whenever they are asked for, in whatever order", () => {
    const again = createPaths(series)
    for (const symbol of ["MSFT", "MU-042"]) {
      for (const day of [900, 17, 901, 18, 250]) expect(again.pricesOf(symbol, day)).toEqual(paths.pricesOf(symbol, day))
    }
  })

  it("are of 1,000 symbols, of which six are real", () => {
    expect(new Set(SYMBOLS).size).toBe(1_000)
    expect(SYMBOLS.filter((symbol) => originOf(symbol) !== "made-up")).toEqual(REAL_SYMBOLS)
    expect(REAL_SYMBOLS).toHaveLength(6)
  })
})

describe("a day of one share", () => {
  it.each<[string, DayPrices]>([
    ["rises", { open: 10, high: 13, low: 9, close: 12 }],
    ["falls", { open: 12, high: 13, low: 9, close: 10 }],
    ["stands still", { open: 10, high: 10, low: 10, close: 10 }],
  ])("that %s touches its high and its low, and leaves neither, however often it is looked at", (_, prices) => {
    for (const looks of [3, 50, 5_000]) {
      const random = seededRandom(looks)
      const day = tradingDay(prices, random.float)
      const seen = Array.from({ length: looks + 1 }, (_, index) => day.priceAt(index / looks, random.float()))
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(prices.low)
      expect(Math.max(...seen)).toBeLessThanOrEqual(prices.high)
      expect([day.high, day.low, seen.at(-1)]).toEqual([prices.high, prices.low, prices.close])
    }
  })
})
