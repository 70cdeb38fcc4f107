import type { Clock, Timer } from "@magpie/protocol"

/** Something that looks at itself now and then. One object, one place in the wheel, no timer of its own. */
export interface Watched {
  /** Returns in how many milliseconds to look again, or undefined to be let go. */
  check(nowMs: number): number | undefined
}

/**
 * Looks after any number of objects with a single timer, exact to one tick. There is a timer only while something is
 * watched.
 */
export interface TimingWheel {
  watch(watched: Watched, inMs: number): void
  unwatch(watched: Watched): void
  readonly size: number
  close(): void
}

const TICK_MS = 250

export function createTimingWheel(clock: Clock): TimingWheel {
  const buckets = new Map<number, Set<Watched>>()
  const places = new Map<Watched, number>()
  let timer: Timer | undefined
  let doneTick = tickOf(clock.monotonic())

  function place(watched: Watched, inMs: number): void {
    const tick = Math.max(doneTick + 1, tickOf(clock.monotonic() + inMs) + 1)
    const bucket = buckets.get(tick)
    if (bucket) bucket.add(watched)
    else buckets.set(tick, new Set([watched]))
    places.set(watched, tick)
    timer ??= clock.setTimer(TICK_MS, turn)
  }

  function take(watched: Watched): void {
    const tick = places.get(watched)
    if (tick === undefined) return
    places.delete(watched)
    const bucket = buckets.get(tick)
    bucket?.delete(watched)
    if (bucket?.size === 0) buckets.delete(tick)
  }

  function turn(): void {
    timer = undefined
    const now = clock.monotonic()
    const current = tickOf(now)
    while (doneTick < current) {
      doneTick++
      const due = buckets.get(doneTick)
      buckets.delete(doneTick)
      for (const watched of due ?? []) {
        places.delete(watched)
        const again = watched.check(now)
        if (again !== undefined && !places.has(watched)) place(watched, again)
      }
    }
    if (places.size > 0) timer ??= clock.setTimer(TICK_MS, turn)
  }

  return {
    watch(watched, inMs) {
      if (places.size === 0) doneTick = Math.max(doneTick, tickOf(clock.monotonic()))
      take(watched)
      place(watched, inMs)
    },
    unwatch: take,
    get size() {
      return places.size
    },
    close() {
      timer?.cancel()
      timer = undefined
      buckets.clear()
      places.clear()
    },
  }
}

function tickOf(ms: number): number {
  return Math.floor(ms / TICK_MS)
}
