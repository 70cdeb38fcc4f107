import { cents, type DayPrices } from "./paths.ts"

/** One share in the course of one day. */
export interface TradingDay {
  /** The price at this part of the day, in [0, 1]. Asked for later and later parts only. `chance` in [0, 1) makes it tremble. */
  priceAt(part: number, chance: number): number
  /** So far. */
  readonly high: number
  readonly low: number
}

/** A trade's price leaves the straight way by so much of the day's span at most. */
const TREMBLE = 0.05

/**
 * Goes from the open over the day's low and high to its close, and touches each of them. The way between them is made up: what is
 * known of a day is these four prices and no more. A day that ends higher is low first.
 */
export function tradingDay({ open, high, low, close }: DayPrices, random: () => number): TradingDay {
  const [first, second] = close >= open ? [low, high] : [high, low]
  const turns = [
    { at: 0, price: open },
    { at: 0.1 + random() * 0.3, price: first },
    { at: 0.55 + random() * 0.3, price: second },
    { at: 1, price: close },
  ] as const
  const span = high - low
  let passed = 0
  let highest = open
  let lowest = open

  function note(price: number): number {
    highest = Math.max(highest, price)
    lowest = Math.min(lowest, price)
    return price
  }

  return {
    get high() {
      return highest
    },
    get low() {
      return lowest
    },
    priceAt(part, chance) {
      let turned: number | undefined
      for (let next = turns[passed + 1]; next !== undefined && next.at <= part; next = turns[passed + 1]) {
        passed += 1
        turned = note(next.price)
      }
      if (turned !== undefined) return turned
      const from = turns[passed] ?? turns[0]
      const to = turns[passed + 1] ?? from
      const way = to.at === from.at ? 0 : (part - from.at) / (to.at - from.at)
      const straight = from.price + (to.price - from.price) * way
      return note(cents(Math.min(high, Math.max(low, straight + (chance - 0.5) * 2 * TREMBLE * span))))
    },
  }
}
