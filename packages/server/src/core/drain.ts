import type { Clock, Random, Timer } from "@magpie/protocol"

/** Somebody who is sent away, each at a time of its own. */
export interface Leaver {
  /** `retryAfterMs`: when to come back. */
  sendAway(retryAfterMs: number): void
}

export interface DrainOptions {
  readonly clock: Clock
  readonly random: Random
  readonly spreadMs: number
}

/** So much time is taken for one client, up to `spreadMs` for all: a server with few clients does not wait. */
const SLOT_MS = 10
const STEP_MS = 50

/** Sends clients away, evenly over a window, in an order that nobody chose [F84]. */
export interface Drain {
  /** When the last one goes, in milliseconds from the start. */
  readonly windowMs: number
  /** Resolves when everybody was sent away. */
  run(): Promise<void>
  /** Sends everybody away who is left, now. */
  hurry(): void
}

export function createDrain(leavers: readonly Leaver[], { clock, random, spreadMs }: DrainOptions): Drain {
  const order = shuffled(leavers, random)
  const windowMs = Math.min(spreadMs, order.length * SLOT_MS)
  let next = 0
  let timer: Timer | undefined
  let done = (): void => {}

  function sendUpTo(count: number): void {
    while (next < count) order[next++]?.sendAway(Math.round(random.float() * spreadMs))
  }

  function finish(): void {
    timer?.cancel()
    sendUpTo(order.length)
    done()
  }

  return {
    windowMs,
    run() {
      if (windowMs <= 0) return Promise.resolve(finish())
      const startedMs = clock.monotonic()
      const step = (): void => {
        const passedMs = clock.monotonic() - startedMs
        if (passedMs >= windowMs) return finish()
        sendUpTo(Math.floor((order.length * passedMs) / windowMs))
        timer = clock.setTimer(Math.min(STEP_MS, windowMs - passedMs), step)
      }
      return new Promise((resolve) => {
        done = resolve
        step()
      })
    },
    hurry: finish,
  }
}

/** Fisher and Yates: whoever came first has no better place. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items]
  for (let index = order.length - 1; index > 0; index--) {
    const other = Math.floor(random.float() * (index + 1))
    const [a, b] = [order[index], order[other]]
    if (a !== undefined && b !== undefined) [order[index], order[other]] = [b, a]
  }
  return order
}
