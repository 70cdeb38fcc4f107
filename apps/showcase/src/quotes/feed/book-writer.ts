import type { Depth, Quote } from "../schemas.ts"
import { cents } from "../series/paths.ts"
import type { FeedChannels } from "./ports.ts"

const LEVELS = 10
/** From one level to the next, as a part of the price, and at least one cent. */
const STEP = 0.0002
/** Of the levels, so many change their size from one look to the next. */
const CHANGING = 0.3

interface Level extends Depth {
  readonly key: string
}

export interface BookWriterOptions {
  readonly book: FeedChannels["book"]
  readonly random: () => number
  readonly failed: (failure: unknown) => void
}

/** Made-up orders around the real or made-up price: ten levels a side, the nearest first. Only levels that changed are written. */
export function createBookWriter({ book, random, failed }: BookWriterOptions) {
  const known = new Map<string, readonly Level[]>()

  const drawSize = (index: number) => Math.round((1 + random() * 9) * (1 + index * 0.4)) * 100

  return {
    write(symbol: string, { bid, ask }: Pick<Quote, "bid" | "ask">): void {
      const before = known.get(symbol)
      const step = Math.max(0.01, cents(((bid + ask) / 2) * STEP))
      const levels = Array.from({ length: 2 * LEVELS }, (_, at): Level => {
        const isAsk = at < LEVELS
        const index = isAsk ? at : at - LEVELS
        const price = Math.max(0.01, cents(isAsk ? ask + index * step : bid - index * step))
        const size = before?.[at] === undefined || random() < CHANGING ? drawSize(index) : before[at].size
        return { key: `${isAsk ? "ask" : "bid"}-${String(index + 1).padStart(2, "0")}`, price, size }
      })
      known.set(symbol, levels)
      for (const [at, { key, price, size }] of levels.entries()) {
        if (before?.[at]?.price === price && before[at].size === size) continue
        book(symbol)
          .set(key, { price, size })
          .catch((failure: unknown) => {
            known.delete(symbol)
            failed(failure)
          })
      }
    },
  }
}
