import type { Clock, CloseName, Limits, Random } from "@magpie/protocol"
import { createMeter, createMeters, rate, take, waitFor } from "../flow/rate.ts"
import { addressKey, type Occupancy } from "./occupancy.ts"
import { type OriginPolicy, originAllowed } from "./origin.ts"

/** What is known when somebody knocks, whatever transport it is. */
export interface Knock {
  readonly address: string
  readonly origin: string | undefined
  readonly host: string | undefined
  /** A cookie came and nothing else that could prove who it is. */
  readonly cookieOnly: boolean
  /** A proxy of ours brings it, and can ask another server. */
  readonly forwarded?: boolean
  /** A proxy of ours brings it, and may bring it to another server when it comes back by another link. */
  readonly newLink?: boolean
  /** Where another policy than the server's holds. */
  readonly origins?: OriginPolicy | undefined
}

type TurnAwayReason = "overloaded" | "draining" | "connection-limit"

const TURN_AWAY_CLOSES: Readonly<Record<TurnAwayReason, CloseName>> = {
  overloaded: "TRY_AGAIN_LATER",
  draining: "SERVICE_RESTART",
  "connection-limit": "CONNECTION_LIMIT",
}

export type Verdict =
  /** From now on it takes up room, until its link is gone and `leave` is called, whatever becomes of it meanwhile. */
  | { readonly verdict: "admit"; readonly leave: () => void }
  /** Let in only to be told to come back: a browser cannot read the status of a refused upgrade. */
  | { readonly verdict: "turn-away"; readonly reason: TurnAwayReason; readonly close: CloseName; readonly retryAfterMs: number }
  | { readonly verdict: "refuse"; readonly status: 403 | 503; readonly reason: string; readonly retryAfterMs?: number }

/** The one gate before every transport: decided without a look at credentials, channels or storage [F12]. */
export interface Admission {
  knock(knock: Knock): Verdict
  /** From now on nobody is let in; those who come are told to come back, not before `untilMs` on the monotonic clock. */
  drain(untilMs: number): void
}

export interface AdmissionOptions {
  readonly limits: Limits
  readonly origins: OriginPolicy
  readonly clock: Clock
  readonly random: Random
  readonly occupancy: Occupancy
  /** Whether there is too much to carry to take anybody else. */
  readonly overloaded: () => boolean
}

/** Those who are turned away come back spread over at least and at most so long. */
const RETRY_SPREAD_MS = { least: 1_000, most: 5_000 }
/** What one address may have of the closes that say when to come back, so that there are some left for others. */
const TURN_AWAY_SHARE = 1 / 10
/** Of the rate, what is left to those who come back; the rest is for newcomers. */
const RETURNING_SHARE = 1 / 2
/** Whoever may find another server is told to look for it within this. */
const NEW_LINK_MS = 1_000
/** What has been shed stays so for about as long. */
const OVERLOADED_MS = 2_000

export function createAdmission({ limits, origins, clock, random, occupancy, overloaded }: AdmissionOptions): Admission {
  const overall = createMeter()
  const overallRate = rate(limits.handshakesPerSecond, limits.handshakesPerSecond * 2)
  const addresses = createMeters(limits.trackedRates)
  const addressRate = rate(limits.handshakesPerAddressPerSecond, limits.handshakesPerAddressPerSecond * 10)
  const turnAways = createMeter()
  const turnAwayRate = rate(limits.turnAwaysPerSecond, limits.turnAwaysPerSecond)
  const addressTurnAways = createMeters(limits.trackedRates)
  const turnAwaysOfAddress = limits.turnAwaysPerSecond * TURN_AWAY_SHARE
  const addressTurnAwayRate = rate(turnAwaysOfAddress, turnAwaysOfAddress)
  let drainedUntilMs: number | undefined
  /** When those who were turned away for the rate of all will have been let in, if nobody else comes. */
  let expectedUntilMs = 0

  /** As long as it takes to let in everybody who was turned away, so that nobody waits longer, and few come in vain. */
  function spreadOfReturning(now: number): number {
    const { least, most } = RETRY_SPREAD_MS
    expectedUntilMs = Math.min(Math.max(expectedUntilMs, now) + overallRate.costMs / RETURNING_SHARE, now + most)
    return Math.max(least, expectedUntilMs - now)
  }

  function turnAway(address: string, reason: TurnAwayReason, waitMs: number, spreadMs = RETRY_SPREAD_MS.most): Verdict {
    const now = clock.monotonic()
    const retryAfterMs = Math.ceil(waitMs + random.float() * spreadMs)
    const bare = take(addressTurnAways.of(address), addressTurnAwayRate, now) > 0 || take(turnAways, turnAwayRate, now) > 0
    if (bare) return { verdict: "refuse", status: 503, reason, retryAfterMs }
    return { verdict: "turn-away", reason, close: TURN_AWAY_CLOSES[reason], retryAfterMs }
  }

  return {
    knock({ address: from, origin, host, cookieOnly, forwarded = false, newLink = false, origins: policy = origins }) {
      const now = clock.monotonic()
      const address = addressKey(from)
      const addressWait = take(addresses.of(address), addressRate, now)
      if (addressWait > 0) return turnAway(address, "overloaded", Math.max(addressWait, waitFor(overall, overallRate, now)))
      if (!originAllowed(policy, { origin, host, cookieOnly })) return { verdict: "refuse", status: 403, reason: "origin" }
      if (drainedUntilMs !== undefined) {
        const waitMs = Math.max(0, drainedUntilMs - now)
        // A close would only reach the client, which would wait for this server although another one has room.
        if (forwarded) return { verdict: "refuse", status: 503, reason: "draining", retryAfterMs: waitMs }
        if (newLink) return turnAway(address, "draining", 0, NEW_LINK_MS)
        return turnAway(address, "draining", waitMs)
      }
      if (overloaded()) return turnAway(address, "overloaded", OVERLOADED_MS)
      if (occupancy.all >= limits.connections || occupancy.from(from) >= limits.connectionsPerAddress)
        return turnAway(address, "connection-limit", 1_000)
      // Asked last: whoever is not let in takes nothing away from those who are.
      const wait = take(overall, overallRate, now)
      if (wait > 0) return turnAway(address, "overloaded", wait, spreadOfReturning(now))
      return { verdict: "admit", leave: occupancy.enter(from) }
    },
    drain(untilMs) {
      drainedUntilMs = untilMs
    },
  }
}
