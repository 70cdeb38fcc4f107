import type { Clock, Env, Timer } from "@magpie/protocol"

/** The world as one process sees it, until the process is killed. */
export interface FakeProcess {
  readonly env: Env
  /** Runs what the world brings to this process: at once, when it goes on again, or never once it is dead. */
  run(task: () => void): void
  /** As SIGSTOP, a sleeping laptop or a frozen tab: nothing happens in it until `resume`, and then all that was due, in its order. */
  pause(): void
  resume(): void
  /** Moves this process's wall clock without letting time pass. */
  jumpWallClock(ms: number): void
  /** As kill -9: nothing that it had planned happens any more, neither timers nor what was deferred to the turn's end. */
  kill(): void
}

export function fakeProcess({ clock, random, log }: Env): FakeProcess {
  let state: "running" | "paused" | "catching-up" | "dead" = "running"
  let wallOffsetMs = 0
  let waiting: (() => void)[] = []
  const timers = new Set<Timer>()

  function run(task: () => void): void {
    if (state === "running") task()
    else if (state !== "dead") waiting.push(task)
  }

  /** One task a turn, as an event loop would. */
  function catchUp(): void {
    if (state !== "catching-up") return
    waiting.shift()?.()
    if (waiting.length === 0) state = "running"
    else clock.setTimer(0, catchUp)
  }

  const its: Clock = {
    now: () => clock.now() + wallOffsetMs,
    monotonic: () => clock.monotonic(),
    setTimer(delayMs, fire) {
      if (state === "dead") return { cancel: () => {} }
      let cancelled = false
      const timer = clock.setTimer(delayMs, () => {
        timers.delete(timer)
        run(() => cancelled || fire())
      })
      timers.add(timer)
      return {
        cancel() {
          cancelled = true
          timers.delete(timer)
          timer.cancel()
        },
      }
    },
    defer: (task) => clock.defer(() => run(task)),
  }

  return {
    env: { clock: its, random, log },
    run,
    pause() {
      if (state !== "dead") state = "paused"
    },
    resume() {
      if (state !== "paused") return
      state = waiting.length === 0 ? "running" : "catching-up"
      if (state === "catching-up") clock.setTimer(0, catchUp)
    },
    jumpWallClock(ms) {
      wallOffsetMs += ms
    },
    kill() {
      state = "dead"
      waiting = []
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}
