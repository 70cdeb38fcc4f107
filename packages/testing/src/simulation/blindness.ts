import type { Clock } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { Violation } from "./judge/violation.ts"
import type { Setup } from "./plan.ts"
import type { StreamName } from "./simulated-app.ts"
import type { SimulatedClient } from "./simulated-client.ts"

/** A message that is lost on a link that stays up is noticed all the same, and soon [G5]. */
export interface Blindness {
  /** A frame of messages to this client goes missing now. */
  lost(client: number, frame: string): true
  /** Something else struck a client, or everybody where it is undefined: until that is over nothing is promised. */
  disturbed(client: number | undefined, forMs: number): void
}

export interface BlindnessOptions {
  readonly clock: Clock
  readonly clients: readonly SimulatedClient[]
  readonly judge: Judge
  readonly setup: Setup
}

const NOTICED_WITHIN_MS = 5_000

export function createBlindness({ clock, clients, judge, setup }: BlindnessOptions): Blindness {
  const quietFrom = new Map<number, number>()
  const roundTripMs = 2 * (setup.latencyMs + setup.jitterMs)

  function look(index: number, client: SimulatedClient, lostAt: number, publisher: string, channel: StreamName, offset: number): void {
    if ((quietFrom.get(index) ?? 0) > lostAt || client.publisher !== publisher) return
    const { next } = judge.following(publisher, channel)
    judge.reached("loss-on-a-live-link")
    if (next === undefined || next.offset > offset || client.subscriptionTo(channel) !== "live") return
    judge.broken(new Violation("I7", `${publisher} has not noticed the loss of ${channel} ${offset} for ${NOTICED_WITHIN_MS} ms`))
  }

  return {
    lost(index, frame) {
      const client = clients[index]
      const lostAt = clock.monotonic()
      if (client === undefined || (quietFrom.get(index) ?? 0) > lostAt || client.client.status.state !== "online") return true
      const { publisher } = client
      for (const line of frame.split("\n")) {
        const { channel, offset } = JSON.parse(line) as { channel: StreamName; offset?: number }
        if (offset === undefined || client.subscriptionTo(channel) !== "live") continue
        clock.setTimer(NOTICED_WITHIN_MS + roundTripMs, () => look(index, client, lostAt, publisher, channel, offset))
      }
      return true
    },
    disturbed(index, forMs) {
      const until = clock.monotonic() + forMs
      for (const each of index === undefined ? clients.keys() : [index]) quietFrom.set(each, Math.max(quietFrom.get(each) ?? 0, until))
    },
  }
}
