// Share prices that move: the same for every server, and how fast they are written.

/** How many rows a table has. */
export const KEYS = 1_000

export const keyOf = (/** @type {number} */ number) => `SYM${String(number).padStart(4, "0")}`

const cents = (/** @type {number} */ value) => Math.round(value * 100) / 100

/** Quotes by number of the key. `tick` moves one: five of its ten fields get new values. */
export function createMarket() {
  const quotes = Array.from({ length: KEYS }, (_, number) => firstQuote(number))
  let ticks = 0
  return {
    quotes,
    tick(/** @type {number} */ number) {
      const before = quotes[number]
      const last = cents(before.last + (((ticks * 7 + number * 13) % 21) - 10) / 100)
      ticks++
      const quote = {
        ...before,
        bid: cents(last - 0.02),
        ask: cents(last + 0.03),
        last,
        size: 1 + (ticks % 900),
        volume: before.volume + 1,
      }
      quotes[number] = quote
      return quote
    },
  }
}

function firstQuote(/** @type {number} */ number) {
  const open = cents(20 + ((number * 37) % 900) / 3)
  const name = `Company number ${number} Incorporated`
  return { name, currency: "USD", bid: open, ask: open, last: open, size: 0, volume: 0, open, high: cents(open + 5), low: cents(open - 5) }
}

/**
 * Writes all keys so many times a second, each round when it is due and the one before it was taken, so that a server that cannot
 * keep up is written as fast as it can.
 * @param {(number: number) => unknown} write may resolve when it was taken
 * @param {{ perSecond: number, rounds: number }} plan
 */
export async function feed(write, { perSecond, rounds }) {
  const started = performance.now()
  for (let round = 0; round < rounds; round++) {
    const waitMs = (round * 1_000) / perSecond - (performance.now() - started)
    await new Promise((resolve) => (waitMs > 1 ? setTimeout(resolve, waitMs) : setImmediate(resolve)))
    await Promise.all(Array.from({ length: KEYS }, (_, number) => write(number)))
  }
  return { writes: rounds * KEYS, ms: performance.now() - started, endedAt: Date.now() }
}
