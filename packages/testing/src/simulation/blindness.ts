import type { Clock } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { Violation } from "./judge/violation.ts"
import type { Setup } from "./plan.ts"
import type { StreamName } from "./simulated-app.ts"
import type { SimulatedClient } from "./simulated-client.ts"

/**
 * A message that is lost on a link that stays up is noticed all the same, and soon [G5], counted from the last one of its channel
 * that was lost. That is promised of what is passed on as it is published: where a page of the log gets lost, a heartbeat tells.
 */
export interface Blindness {
  /** A frame of messages to this client goes missing now. */
  lost(client: number, frame: string): void
  /** Something else struck a client, or everybody where it is undefined: until that is over nothing is promised. */
  disturbed(client: number | undefined, forMs: number): void
}

export interface BlindnessOptions {
  readonly clock: Clock
  readonly clients: readonly Pick<SimulatedClient, "publisher" | "client" | "subscriptionTo">[]
  readonly judge: Pick<Judge, "following" | "truth" | "reached" | "broken">
  readonly setup: Pick<Setup, "latencyMs" | "jitterMs">
}

const NOTICED_WITHIN_MS = 5_000
/** What was applied so long ago is read from the log. */
const LIVE_MS = 1_000

interface Loss {
  readonly at: number
  readonly index: number
  readonly publisher: string
  readonly channel: StreamName
  readonly offset: number
}

export function createBlindness({ clock, clients, judge, setup }: BlindnessOptions): Blindness {
  const quietFrom = new Map<number, number>()
  const roundTripMs = 2 * (setup.latencyMs + setup.jitterMs)
  /** The last loss of each channel, by who was to be given it. */
  const latest = new Map<string, Loss>()

  const isQuiet = ({ index, at }: Pick<Loss, "index" | "at">): boolean => (quietFrom.get(index) ?? 0) <= at
  const keyOf = ({ publisher, channel }: Loss): string => `${publisher} ${channel}`

  function isLive({ at, publisher, channel, offset }: Loss): boolean {
    const { next } = judge.following(publisher, channel)
    const appliedAt = next && judge.truth.appliedAt(channel, next.epoch, offset)
    return appliedAt !== undefined && at - appliedAt < LIVE_MS
  }

  function look(loss: Loss): void {
    const { index, publisher, channel, offset } = loss
    const client = clients[index]
    if (!isQuiet(loss) || client?.publisher !== publisher || latest.get(keyOf(loss)) !== loss) return
    const { next } = judge.following(publisher, channel)
    judge.reached("loss-on-a-live-link")
    if (next === undefined || next.offset > offset || client.subscriptionTo(channel) !== "live") return
    judge.broken(new Violation("I7", `${publisher} has not noticed the loss of ${channel} ${offset} for ${NOTICED_WITHIN_MS} ms`))
  }

  return {
    lost(index, frame) {
      const client = clients[index]
      const at = clock.monotonic()
      if (client === undefined || !isQuiet({ index, at }) || client.client.status.state !== "online") return
      const { publisher } = client
      for (const line of frame.split("\n")) {
        const { channel, offset } = JSON.parse(line) as { channel: StreamName; offset?: number }
        if (offset === undefined) continue
        const loss = { at, index, publisher, channel, offset }
        latest.set(keyOf(loss), loss)
        if (client.subscriptionTo(channel) !== "live" || !isLive(loss)) continue
        clock.setTimer(NOTICED_WITHIN_MS + roundTripMs, () => look(loss))
      }
    },
    disturbed(index, forMs) {
      const until = clock.monotonic() + forMs
      for (const each of index === undefined ? clients.keys() : [index]) quietFrom.set(each, Math.max(quietFrom.get(each) ?? 0, until))
    },
  }
}
