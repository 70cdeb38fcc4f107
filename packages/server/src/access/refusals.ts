import { type Clock, type Limits, type Log, MagpieError } from "@magpie/protocol"
import { charge, createMeters, rate, take } from "../flow/rate.ts"
import { addressKey } from "./occupancy.ts"

/** Slows down whoever tries one wrong credential after the other [F40]. */
export interface Refusals {
  /** Asked before credentials are looked at. Fails with RATE_LIMITED while too many from this address were wrong. */
  check(address: string): void
  /** Credentials from there did not hold. */
  count(address: string): void
}

/** How often one address is worth a line. */
const ALERT_MS = 60_000

export function createRefusals({
  clock,
  limits,
  log,
}: {
  readonly clock: Clock
  readonly limits: Pick<Limits, "wrongCredentialsPerAddressPerSecond" | "trackedRates">
  readonly log: Log
}): Refusals {
  const perSecond = limits.wrongCredentialsPerAddressPerSecond
  const allowed = rate(perSecond, perSecond * 10)
  const meters = createMeters(limits.trackedRates)
  const alerts = createMeters(limits.trackedRates)
  const alertRate = rate(1_000 / ALERT_MS, 1)

  return {
    check(address) {
      const now = clock.monotonic()
      const { arrivalMs } = meters.of(addressKey(address))
      const retryAfterMs = arrivalMs - now - allowed.burstMs
      if (retryAfterMs <= 0) return
      if (take(alerts.of(addressKey(address)), alertRate, now) === 0) log("error", "wrong-credentials", { address, perSecond })
      throw new MagpieError("RATE_LIMITED", "too many wrong credentials from this address", {
        retryAfterMs: Math.ceil(retryAfterMs),
        details: { limit: "wrongCredentialsPerAddressPerSecond" },
      })
    },
    count(address) {
      charge(meters.of(addressKey(address)), allowed, clock.monotonic(), 1)
    },
  }
}
