import type { Env, Timer } from "@magpie/protocol"
import { type Backoff, retryMs } from "./reconnect/backoff.ts"

/** Everything that the client waits for, on a single timer of the clock: nothing else in this package sets one. */
export interface Schedule {
  after(delayMs: number, fire: () => void): Timer
  createWait(): Wait
  /** Forgets everything that waits [G12]. */
  clear(): void
}

/** One wait at a time, of something that may have to be tried again. */
export interface Wait {
  /** Failures in a row; its owner sets it to 0 after a success. */
  failures: number
  /** Runs it after so long, instead of what waited before. */
  after(delayMs: number, run: () => void): void
  /** The same after one more failure: when the server's hint has passed, or else ever later. Returns the wait in milliseconds. */
  again(run: () => void, hintMs: number | undefined): number
  cancel(): void
}

interface Waiting {
  readonly at: number
  readonly fire: () => void
}

export function createSchedule({ clock, random }: Pick<Env, "clock" | "random">, backoff: Backoff): Schedule {
  const waiting = new Set<Waiting>()
  let armed: { readonly at: number; readonly timer: Timer } | undefined

  function arm(at: number): void {
    disarm()
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
    let next = Infinity
    for (const entry of waiting) next = Math.min(next, entry.at)
    if (waiting.size > 0) arm(next)
  }

  function after(delayMs: number, fire: () => void): Timer {
    const entry: Waiting = { at: clock.monotonic() + delayMs, fire }
    waiting.add(entry)
    if (armed === undefined || entry.at < armed.at) arm(entry.at)
    return {
      cancel() {
        if (waiting.delete(entry) && waiting.size === 0) disarm()
      },
    }
  }

  function createWait(): Wait {
    let timer: Timer | undefined
    const wait: Wait = {
      failures: 0,
      after(delayMs, run) {
        timer?.cancel()
        timer = after(delayMs, run)
      },
      again(run, hintMs) {
        const delayMs = retryMs(backoff, wait.failures++, hintMs, random.float())
        wait.after(delayMs, run)
        return delayMs
      },
      cancel: () => timer?.cancel(),
    }
    return wait
  }

  return {
    after,
    createWait,
    clear() {
      waiting.clear()
      disarm()
    },
  }
}
