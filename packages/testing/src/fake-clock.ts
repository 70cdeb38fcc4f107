import type { Clock, Timer } from "@magpie/protocol"

export interface FakeClock extends Clock {
  /** Timers that have not fired, for leak checks [G12]. */
  readonly pendingTimers: number
  /** Runs everything that is due now: promises, deferred tasks, timers of this very moment. */
  settle(): Promise<void>
  /** Lets time pass, firing each timer at its own moment and settling after each. */
  advance(ms: number): Promise<void>
  /** Advances from timer to timer until `fact` holds. Fails after `limitMs` of fake time, or when nothing is left to happen. */
  until(fact: () => boolean, limitMs?: number): Promise<void>
  /** Awaits what needs time to pass: advances until it has settled, as `until` does. */
  done<T>(pending: Promise<T>, limitMs?: number): Promise<T>
  /** Moves the wall clock without letting time pass, as a wrong time server does. */
  jumpWallClock(ms: number): void
  /** Lets time pass without firing anything, as a sleeping laptop does; what was due fires once on the next advance. */
  sleep(ms: number): void
}

export interface FakeClockOptions {
  /** Wall time at the start, milliseconds since 1970. */
  readonly startAt?: number
}

/** 2026-01-01T00:00:00Z */
const DEFAULT_START_MS = 1_767_225_600_000

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/** A clock that stands still until a test moves it. Deterministic: equal calls give equal orders of events. */
export function fakeClock(options: FakeClockOptions = {}): FakeClock {
  let elapsed = 0
  let wallOffset = options.startAt ?? DEFAULT_START_MS
  let order = 0
  const timers = new Set<Scheduled>()
  let deferred: (() => void)[] = []

  function nextTimer(): Scheduled | undefined {
    let next: Scheduled | undefined
    for (const timer of timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }

  /** Promises first, then what was deferred to the turn's end, until neither is left. */
  async function settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_HOPS; quiet++) {
      await Promise.resolve()
      if (deferred.length === 0) continue
      const tasks = deferred
      deferred = []
      for (const task of tasks) task()
      quiet = 0
    }
  }

  async function advance(ms: number): Promise<void> {
    const end = elapsed + ms
    await settle()
    for (let timer = nextTimer(); timer !== undefined && timer.at <= end; timer = nextTimer()) {
      elapsed = Math.max(elapsed, timer.at)
      timers.delete(timer)
      timer.fire()
      await settle()
    }
    elapsed = end
  }

  async function until(fact: () => boolean, limitMs = 600_000): Promise<void> {
    const end = elapsed + limitMs
    await settle()
    while (!fact()) {
      const timer = nextTimer()
      if (timer === undefined) throw new Error("the fact never came true: nothing is left to happen")
      if (timer.at > end) throw new Error(`the fact did not come true within ${limitMs} ms of fake time`)
      await advance(Math.max(0, timer.at - elapsed))
    }
  }

  return {
    now: () => wallOffset + elapsed,
    monotonic: () => elapsed,
    setTimer(delayMs: number, fire: () => void): Timer {
      const scheduled: Scheduled = { at: elapsed + Math.max(0, delayMs), order: order++, fire }
      timers.add(scheduled)
      return { cancel: () => void timers.delete(scheduled) }
    },
    defer: (task) => void deferred.push(task),
    get pendingTimers() {
      return timers.size
    },
    settle,
    advance,
    until,
    async done(pending, limitMs) {
      let isSettled = false
      const settled = (): void => {
        isSettled = true
      }
      pending.then(settled, settled)
      await until(() => isSettled, limitMs)
      return pending
    },
    jumpWallClock: (ms) => {
      wallOffset += ms
    },
    sleep: (ms) => {
      elapsed += ms
    },
  }
}

/** Promise chains settle within this many hops without a deferred task; longer ones are a smell in the code under test. */
const QUIET_HOPS = 64
