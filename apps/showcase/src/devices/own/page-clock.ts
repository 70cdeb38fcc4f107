import type { Clock } from "@magpie/protocol"

/** The browser's time. */
export const pageClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
  defer: (task) => queueMicrotask(task),
}
