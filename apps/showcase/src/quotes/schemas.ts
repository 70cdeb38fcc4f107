import * as v from "valibot"

const price = v.pipe(v.number(), v.minValue(0))
const date = v.pipe(v.string(), v.isoDate())
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(0))

export const symbol = v.pipe(v.string(), v.regex(/^[A-Z-]{1,5}\d{0,3}$/))

/** The newest of one share. `previous` is the close of the day before, `date` the day that is replayed. */
export const quote = v.object({ date, last: price, bid: price, ask: price, open: price, high: price, low: price, previous: price })

/** `ask-01` is the best of those who sell, `bid-01` of those who buy. */
export const level = v.pipe(v.string(), v.regex(/^(?:ask|bid)-\d\d$/))
export const depth = v.object({ price, size: wholeNumber })

/** A day that is over. A lap is one run through the series. */
export const bar = v.object({ lap: wholeNumber, day: wholeNumber, date, open: price, high: price, low: price, close: price })

/** How fast the prices are replayed, for everybody. */
export const wanted = v.object({
  playing: v.boolean(),
  dayMs: v.picklist([60_000, 20_000, 5_000, 1_000]),
  /** Of each of the 1,000 symbols. */
  updatesPerSecond: v.picklist([1, 5, 10, 50]),
})

/** Where the replay is, and how many rows the server wrote in the last second. */
export const replay = v.object({ lap: wholeNumber, day: wholeNumber, date, writtenPerSecond: wholeNumber })

export type Quote = v.InferOutput<typeof quote>
export type Depth = v.InferOutput<typeof depth>
export type Bar = v.InferOutput<typeof bar>
export type Wanted = v.InferOutput<typeof wanted>
export type Replay = v.InferOutput<typeof replay>
