import type { Clock, Timer } from "@magpie/protocol"
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

type HeartbeatState =
  | { readonly state: "listening"; readonly timer: Timer }
  | { readonly state: "asked"; readonly timer: Timer }
  | { readonly state: "stopped" }

/** A link with traffic is asked as well, so many times more seldom, because a ping also compares positions [G5]. */
const BUSY_FACTOR = 4
/** A timer that fires so much too late means that the machine slept: then the answer had no chance, and is asked for again. */
const LATE_MS = 1_000

export function createHeartbeat({ clock, schedule, heartbeatMs, pongTimeoutMs, ping, onDead }: HeartbeatOptions): Heartbeat {
  let heardAt = clock.monotonic()
  let askedAt = heardAt
  let asked: number | undefined
  let current: HeartbeatState = { state: "listening", timer: schedule.after(heartbeatMs, check) }

  function enter(next: HeartbeatState): void {
    if (current.state !== "stopped") current.timer.cancel()
    current = next
  }

  function check(): void {
    const due = Math.min(heardAt + heartbeatMs, askedAt + BUSY_FACTOR * heartbeatMs)
    const leftMs = due - clock.monotonic()
    if (leftMs > 0) enter({ state: "listening", timer: schedule.after(leftMs, check) })
    else ask()
  }

  function ask(): void {
    askedAt = clock.monotonic()
    asked = ping()
    enter({ state: "asked", timer: schedule.after(pongTimeoutMs, expire) })
  }

  function expire(): void {
    if (clock.monotonic() - askedAt > pongTimeoutMs + LATE_MS) {
      ask()
    } else {
      enter({ state: "stopped" })
      onDead()
    }
  }

  return {
    alive() {
      heardAt = clock.monotonic()
      // Any frame after the ping is a sign of life; the pong itself may stand behind a long backlog.
      if (current.state === "asked") enter({ state: "listening", timer: schedule.after(heartbeatMs, check) })
    },
    pong: (id) => (id !== undefined && id === asked ? clock.monotonic() - askedAt : undefined),
    probe() {
      if (current.state === "listening") ask()
    },
    stop: () => enter({ state: "stopped" }),
  }
}
