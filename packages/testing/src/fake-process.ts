import type { Clock, Env, Timer } from "@magpie/protocol"

/** The world as one process sees it, until the process is killed. */
export interface FakeProcess {
  readonly env: Env
  /** As kill -9: nothing that it had planned happens any more, neither timers nor what was deferred to the turn's end. */
  kill(): void
}

export function fakeProcess({ clock, random, log }: Env): FakeProcess {
  let alive = true
  const timers = new Set<Timer>()

  const its: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer(delayMs, fire) {
      if (!alive) return { cancel: () => {} }
      const timer = clock.setTimer(delayMs, () => {
        timers.delete(timer)
        fire()
      })
      timers.add(timer)
      return {
        cancel() {
          timers.delete(timer)
          timer.cancel()
        },
      }
    },
    defer: (task) => clock.defer(() => alive && task()),
  }

  return {
    env: { clock: its, random, log },
    kill() {
      alive = false
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}
