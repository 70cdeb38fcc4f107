import type { Quote } from "../schemas.ts"
import { cents, type Paths } from "../series/paths.ts"
import { type TradingDay, tradingDay } from "../series/trading-day.ts"
import type { FeedChannels } from "./ports.ts"
import type { ReplayClock } from "./replay-clock.ts"

/** Writes the newest prices into the table, symbol after symbol. */
export interface QuoteWriter {
  /** The rows that were written and stored so far. */
  readonly written: number
  /** Writes so many rows, fewer where disk or processor do not keep up: what is not written now is not owed later. */
  write(count: number): void
  /** What a symbol costs now; undefined before it was first written. */
  priceOf(symbol: string): Pick<Quote, "bid" | "ask"> | undefined
}

/** Writes that wait for the disk at the same time. */
const MOST_WAITING = 2_000
/** One turn takes no longer, so that the server has time for those who want something else of it. */
const MOST_TURN_MS = 8
/** Rows between two looks at the clock. */
const ROWS_AT_ONCE = 32
/** Between bid and ask, as a part of the price, and at least one cent on either side. */
const HALF_SPREAD = 0.0002

interface Trading extends Pick<Quote, "bid" | "ask"> {
  readonly lap: number
  readonly day: number
  readonly its: TradingDay
  high: number
  low: number
}

export interface QuoteWriterOptions {
  readonly table: FeedChannels["quotes"]
  readonly symbols: readonly string[]
  readonly paths: Paths
  readonly clock: ReplayClock
  readonly monotonic: () => number
  readonly random: () => number
  /** A write failed. */
  readonly failed: (failure: unknown) => void
}

export function createQuoteWriter({ table, symbols, paths, clock, monotonic, random, failed }: QuoteWriterOptions): QuoteWriter {
  const trading = new Map<string, Trading>()
  let cursor = 0
  let waiting = 0
  let written = 0

  function follow(write: Promise<unknown>): void {
    waiting += 1
    write.then(
      () => {
        waiting -= 1
        written += 1
      },
      (failure) => {
        waiting -= 1
        failed(failure)
      },
    )
  }

  /** The whole row in the morning, what has changed in the course of the day. */
  function writeNext(symbol: string): void {
    const { lap, day, part } = clock
    const known = trading.get(symbol)
    if (known?.day === day && known.lap === lap) return follow(table.merge(symbol, tick(known, part)))
    const prices = paths.pricesOf(symbol, day)
    const its = tradingDay(prices, random)
    const today: Trading = { lap, day, its, high: prices.open, low: prices.open, bid: 0, ask: 0 }
    trading.set(symbol, today)
    const now = tick(today, part)
    const previous = paths.pricesOf(symbol, day - 1).close
    const { high, low } = today
    follow(table.set(symbol, { date: paths.dateOf(day), ...now, open: prices.open, high, low, previous }))
  }

  function tick(today: Trading, part: number): Pick<Quote, "last" | "bid" | "ask"> & Partial<Quote> {
    const last = today.its.priceAt(part, random())
    const half = Math.max(0.01, last * HALF_SPREAD)
    today.bid = cents(last - half)
    today.ask = cents(last + half)
    const { high, low } = today.its
    const isHigher = high !== today.high
    const isLower = low !== today.low
    today.high = high
    today.low = low
    return { last, bid: today.bid, ask: today.ask, ...(isHigher ? { high } : undefined), ...(isLower ? { low } : undefined) }
  }

  return {
    get written() {
      return written
    },
    write(count) {
      const begun = monotonic()
      for (let left = Math.min(count, MOST_WAITING - waiting); left > 0; left--) {
        if (left % ROWS_AT_ONCE === 0 && monotonic() - begun > MOST_TURN_MS) return
        const symbol = symbols[cursor]
        cursor = (cursor + 1) % symbols.length
        if (symbol !== undefined) writeNext(symbol)
      }
    },
    priceOf: (symbol) => trading.get(symbol),
  }
}
