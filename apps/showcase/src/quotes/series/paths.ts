import { INDEX } from "../symbols.ts"
import { aroundZero, seeded } from "./random.ts"

/** What one share cost on one day. */
export interface DayPrices {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
}

/** As series.json has it: see scripts/quote-series.mjs. */
export interface Series {
  /** Closes of months, by share. */
  readonly shares: Readonly<Record<string, readonly number[]>>
  /** Date as 20040831, then open, high, low and close of the index. The first day is the last one of the first month. */
  readonly days: readonly (readonly number[])[]
}

/** The days of the series, and the prices of every symbol on each of them. */
export interface Paths {
  readonly dayCount: number
  /** `2004-08-31`. */
  dateOf(day: number): string
  /** From day 1 on; the same answer each time. */
  pricesOf(symbol: string, day: number): DayPrices
}

const DAYS_IN_MONTH = 21
/** How far high and low lie from open and close where they are made up, in daily deviations. */
const WICK = 0.6

/**
 * Real where there is something real: each day of the index, and each month's last close of the five shares. Between two of these
 * closes a share wanders by chance, about as far as its months are apart. A made-up symbol lives through months that were drawn from
 * the real ones, in an order of its own.
 */
export function createPaths({ shares, days }: Series): Paths {
  const months = monthsOf(days)
  const real = new Map(Object.entries(shares))
  const returns = [...real.values()].flatMap((closes) => closes.slice(1).map((close, index) => Math.log(close / (closes[index] ?? close))))
  const madeUp = new Map<string, readonly number[]>()
  const drawn = new Map<string, { readonly month: number; readonly closes: readonly number[] }>()

  function monthCloses(symbol: string): readonly number[] {
    const known = real.get(symbol) ?? madeUp.get(symbol)
    if (known !== undefined) return known
    const closes = drawMonths(symbol, months.length, returns)
    madeUp.set(symbol, closes)
    return closes
  }

  /** The closes of a month's days, after that of the day before it. */
  function dailyCloses(symbol: string, month: number): readonly number[] {
    const known = drawn.get(symbol)
    if (known?.month === month) return known.closes
    const closes = monthCloses(symbol)
    const { first, count } = months[month] ?? { first: 0, count: 0 }
    const bridge = drawBridge(seeded(`${symbol} ${first}`), closes[month - 1] ?? 0, closes[month] ?? 0, count, deviationOf(closes))
    drawn.set(symbol, { month, closes: bridge })
    return bridge
  }

  return {
    dayCount: days.length,
    dateOf: (day) => String(days[day]?.[0] ?? "").replace(/(....)(..)(..)/, "$1-$2-$3"),
    pricesOf(symbol, day) {
      const row = days[day]
      if (row === undefined || day < 1) throw new RangeError(`the series has no day ${day}`)
      const [, open = 0, high = 0, low = 0, close = 0] = row
      if (symbol === INDEX) return { open, high, low, close }
      const month = months.findLastIndex((each) => each.first <= day)
      const closes = dailyCloses(symbol, month)
      const at = day - (months[month]?.first ?? 0)
      return drawDay(seeded(`${symbol} day ${day}`), closes[at] ?? 0, closes[at + 1] ?? 0, deviationOf(monthCloses(symbol)))
    },
  }
}

/** Where each month begins and how many days it has. The first one is the single day that the others begin from. */
function monthsOf(days: Series["days"]): readonly { readonly first: number; readonly count: number }[] {
  const months: { first: number; count: number; name: number }[] = []
  for (const [index, [date = 0]] of days.entries()) {
    const name = Math.floor(date / 100)
    const last = months.at(-1)
    if (last?.name === name) last.count += 1
    else months.push({ first: index, count: 1, name })
  }
  return months
}

/** The standard deviation of a day, taken from the months. */
function deviationOf(closes: readonly number[]): number {
  let sum = 0
  for (let index = 1; index < closes.length; index++) sum += Math.log((closes[index] ?? 1) / (closes[index - 1] ?? 1)) ** 2
  return Math.sqrt(sum / Math.max(1, closes.length - 1) / DAYS_IN_MONTH)
}

function drawMonths(symbol: string, count: number, returns: readonly number[]): readonly number[] {
  const random = seeded(symbol)
  const closes = [cents(8 * Math.exp(random() * 4))]
  while (closes.length < count) {
    const next = (closes.at(-1) ?? 1) * Math.exp(returns[Math.floor(random() * returns.length)] ?? 0)
    closes.push(cents(Math.min(5_000, Math.max(1, next))))
  }
  return closes
}

/** A walk by chance that begins and ends where it must (a Brownian bridge of the logarithms). */
function drawBridge(random: () => number, from: number, to: number, count: number, deviation: number): readonly number[] {
  const steps = [0]
  for (let index = 0; index < count; index++) steps.push((steps.at(-1) ?? 0) + aroundZero(random) * deviation)
  const surplus = (steps.at(-1) ?? 0) - Math.log(to / from)
  return steps.map((step, index) => cents(from * Math.exp(step - (surplus * index) / count)))
}

function drawDay(random: () => number, before: number, close: number, deviation: number): DayPrices {
  const open = cents(before * Math.exp(aroundZero(random) * deviation * 0.2))
  const wick = () => Math.abs(aroundZero(random)) * deviation * WICK
  return { open, close, high: cents(Math.max(open, close) * Math.exp(wick())), low: cents(Math.min(open, close) * Math.exp(-wick())) }
}

export function cents(price: number): number {
  return Math.round(price * 100) / 100
}

/** Days before this one are history from the beginning: charts do not open empty. */
export const FIRST_DAY = 250
