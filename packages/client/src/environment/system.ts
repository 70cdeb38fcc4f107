import type { Clock, Log, Random } from "@magpie/protocol"

/** The longest delay that platforms take; a longer wait is asked for again when that has passed. */
const MAX_DELAY_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(delayMs, MAX_DELAY_MS))
    return { cancel: () => clearTimeout(timer) }
  },
  defer: (task) => queueMicrotask(task),
}

export const systemRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  float: () => Math.random(),
}

/** A library does not write to its user's console; what matters comes as the client's `error` event. */
export const noLog: Log = () => {}

const TICK_MS = 5_000
const LATE_MS = 5_000

/**
 * Calls when a coarse tick comes much too late, on the wall or on the monotonic clock: the machine slept, or the page was
 * frozen. Either clock may stand still in sleep, depending on the platform, so both are asked.
 */
export function watchForSleep(listener: () => void, hold: (timer: ReturnType<typeof setInterval>) => void = () => {}): () => void {
  let wall = Date.now()
  let monotonic = performance.now()
  const timer = setInterval(() => {
    const late = Math.max(Date.now() - wall, performance.now() - monotonic) - TICK_MS
    wall = Date.now()
    monotonic = performance.now()
    if (late > LATE_MS) listener()
  }, TICK_MS)
  hold(timer)
  return () => clearInterval(timer)
}
