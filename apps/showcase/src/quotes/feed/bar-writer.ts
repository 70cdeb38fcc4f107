import type { Paths } from "../series/paths.ts"
import type { Bars } from "./ports.ts"
import type { ReplayClock } from "./replay-clock.ts"

/** So many days stand behind today in a chart that is opened. */
export const HISTORY_DAYS = 250

export interface BarWriterOptions {
  readonly paths: Paths
  readonly clock: ReplayClock
  readonly failed: (failure: unknown) => void
}

/**
 * Writes the days that are over into a symbol's stream, up to yesterday and from where it ended. What a day was can be worked out at
 * any time, so streams that nobody follows are left alone, and are made good when somebody does.
 */
export function createBarWriter({ paths, clock, failed }: BarWriterOptions) {
  const written = new Map<string, { readonly lap: number; readonly day: number }>()

  function last(symbol: string, bars: Bars): { readonly lap: number; readonly day: number } | undefined {
    return written.get(symbol) ?? bars.history({ last: 1 })[0]?.data
  }

  return {
    write(symbol: string, bars: Bars): void {
      const { lap, day } = clock
      const before = last(symbol, bars)
      const oldest = Math.max(1, day - HISTORY_DAYS)
      const from = before?.lap === lap ? Math.max(before.day + 1, oldest) : oldest
      written.set(symbol, { lap, day: Math.max(day - 1, before?.lap === lap ? before.day : 0) })
      for (let each = from; each < day; each++) {
        const bar = { lap, day: each, date: paths.dateOf(each), ...paths.pricesOf(symbol, each) }
        bars.publish("bar", bar, { key: `${lap}/${each}` }).catch((failure: unknown) => {
          written.delete(symbol)
          failed(failure)
        })
      }
    },
  }
}
