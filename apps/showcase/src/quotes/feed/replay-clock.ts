/** Where in the series the replay is. */
export interface ReplayClock {
  readonly lap: number
  readonly day: number
  /** How much of the day is over, in [0, 1). */
  readonly part: number
  /** Lets time pass; `dayMs` is how long a day takes. */
  advance(elapsedMs: number, dayMs: number): void
}

/** Goes on from a day's morning; after the last day it begins a new lap with the first one. */
export function createReplayClock(from: { readonly lap: number; readonly day: number }, firstDay: number, dayCount: number): ReplayClock {
  let { lap, day } = from
  let part = 0
  return {
    get lap() {
      return lap
    },
    get day() {
      return day
    },
    get part() {
      return part
    },
    advance(elapsedMs, dayMs) {
      part += elapsedMs / dayMs
      while (part >= 1) {
        part -= 1
        day += 1
        if (day < dayCount) continue
        day = firstDay
        lap += 1
      }
    },
  }
}
