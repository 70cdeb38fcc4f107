import type { Clock, Timer } from "@magpie/protocol"

/** Everything that the client waits for, on a single timer of the clock: nothing else in this package sets one. */
export interface Schedule {
  after(delayMs: number, fire: () => void): Timer
  /** Forgets everything that waits [G12]. */
  clear(): void
}

interface Waiting {
  readonly at: number
  readonly fire: () => void
}

export function createSchedule(clock: Clock): Schedule {
  const waiting = new Set<Waiting>()
  let armed: { readonly at: number; readonly timer: Timer } | undefined

  function arm(at: number): void {
    armed?.timer.cancel()
    armed = { at, timer: clock.setTimer(Math.max(0, at - clock.monotonic()), run) }
  }

  function disarm(): void {
    armed?.timer.cancel()
    armed = undefined
  }

  function run(): void {
    armed = undefined
    const now = clock.monotonic()
    const due = [...waiting].filter((entry) => entry.at <= now).sort((a, b) => a.at - b.at)
    for (const entry of due) {
      // An earlier one of this round may have cancelled it.
      if (waiting.delete(entry)) entry.fire()
    }
    let next = Number.POSITIVE_INFINITY
    for (const entry of waiting) next = Math.min(next, entry.at)
    if (waiting.size > 0) arm(next)
  }

  return {
    after(delayMs, fire) {
      const entry: Waiting = { at: clock.monotonic() + Math.max(0, delayMs), fire }
      waiting.add(entry)
      if (armed === undefined || entry.at < armed.at) arm(entry.at)
      return {
        cancel() {
          if (waiting.delete(entry) && waiting.size === 0) disarm()
        },
      }
    },
    clear() {
      waiting.clear()
      disarm()
    },
  }
}
