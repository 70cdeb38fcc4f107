import { anonymous } from "@magpie/server/core"
import { createTestBed, seededRandom } from "@magpie/testing"
import { showcase } from "../../apps/showcase/src/contract.ts"
import { createFeed, type FeedOptions } from "../../apps/showcase/src/quotes/feed/feed.ts"
import { createPaths, type Series } from "../../apps/showcase/src/quotes/series/paths.ts"
import series from "../../apps/showcase/src/quotes/series/series.json" with { type: "json" }
import { showcaseRules } from "../../apps/showcase/src/showcase-rules.ts"

export const SYMBOLS = ["SPX", "MSFT", "MU-001"]

export type QuotesBed = Awaited<ReturnType<typeof createQuotesBed>>

/** The showcase's server with its rules, and a feed of three symbols that writes into it. */
export async function createQuotesBed(days: Series = series) {
  const bed = await createTestBed(showcase, { auth: anonymous(), rules: showcaseRules })
  const { server, clock } = bed
  const channels: FeedOptions["channels"] = {
    quotes: server.channel("quotes"),
    wanted: server.channel("quotes/wanted"),
    replay: server.channel("quotes/replay"),
    book: (symbol) => server.channel(`quotes/book/${symbol}`),
    bars: (symbol) => server.channel(`quotes/bars/${symbol}`),
  }
  const paths = createPaths(days)
  const feedOf = (change: Partial<FeedOptions> = {}) =>
    createFeed({ channels, paths, clock, random: seededRandom(1).float, symbols: SYMBOLS, ...change })

  return {
    bed,
    channels,
    paths,
    feedOf,
    /** What comes of it, as soon as the clock has brought it. */
    async told<T>(promise: Promise<T>): Promise<T> {
      let isOver = false
      const settle = () => {
        isOver = true
      }
      promise.then(settle, settle)
      await clock.until(() => isOver)
      return promise
    },
  }
}
