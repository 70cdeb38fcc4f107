import type { Clock } from "@magpie/protocol"
import type { Schedule } from "../schedule.ts"

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

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly heartbeatMs: number
  readonly pongTimeoutMs: number
  /** Sends a ping and returns its id. */
  ping(): number
  onDead(): void
}

/** A link with traffic is asked as well, so many times more seldom, because a ping also compares positions [G5]. */
const BUSY_FACTOR = 4
/** A timer that fires so much too late means that the machine slept: then the answer had no chance, and is asked for again. */
const LATE_MS = 1_000

export function createHeartbeat({ clock, schedule, heartbeatMs, pongTimeoutMs, ping, onDead }: HeartbeatOptions): Heartbeat {
  const wait = schedule.createWait()
  let state: "listening" | "asked" = "listening"
  let heardAt = clock.monotonic()
  let askedAt = heardAt
  let lastPing: number | undefined

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
    pong: (id) => (id !== undefined && id === lastPing ? clock.monotonic() - askedAt : undefined),
    probe() {
      if (state === "listening") ask()
    },
    stop: wait.cancel,
  }
}
