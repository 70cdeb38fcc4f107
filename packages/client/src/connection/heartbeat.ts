import type { Context } from "../context.ts"

/** Notices a link that is dead without saying so. Decides by an unanswered ping, never by silence alone. */
export interface Heartbeat {
  /** A frame came in. */
  alive(): void
  /** A pong came in; its round trip in milliseconds where the ping is known. */
  pong(id: number | undefined): number | undefined
  /** Asks at once: the machine woke up, or the network changed. */
  probe(): void
  stop(): void
}

/** A link with traffic is asked as well, so many times more seldom, because a ping also compares positions [G5]. */
const BUSY_FACTOR = 4
/** A timer that fires so much too late means that the machine slept: then the answer had no chance, and is asked for again. */
const LATE_MS = 1_000

/** `ping` sends a ping and returns its id. */
export function createHeartbeat({ clock, schedule, settings }: Context, saidMs: number, ping: () => number, onDead: () => void): Heartbeat {
  const { pongTimeoutMs } = settings
  const heartbeatMs = settings.heartbeatMs || saidMs
  const wait = schedule.createWait()
  let state: "listening" | "asked" = "listening"
  let heardAt = clock.monotonic()
  let askedAt = heardAt
  let lastPing = 0

  function listen(forMs: number): void {
    state = "listening"
    wait.after(forMs, check)
  }

  function check(): void {
    const due = Math.min(heardAt + heartbeatMs, askedAt + BUSY_FACTOR * heartbeatMs)
    const leftMs = due - clock.monotonic()
    if (leftMs > 0) listen(leftMs)
    else ask()
  }

  function ask(): void {
    state = "asked"
    askedAt = clock.monotonic()
    lastPing = ping()
    wait.after(pongTimeoutMs, () => {
      if (clock.monotonic() - askedAt > pongTimeoutMs + LATE_MS) ask()
      else onDead()
    })
  }

  listen(heartbeatMs)
  return {
    alive() {
      heardAt = clock.monotonic()
      // Any frame after the ping is a sign of life; the pong itself may stand behind a long backlog.
      if (state === "asked") listen(heartbeatMs)
    },
    pong: (id) => (id === lastPing ? clock.monotonic() - askedAt : undefined),
    probe() {
      if (state === "listening") ask()
    },
    stop: wait.cancel,
  }
}
