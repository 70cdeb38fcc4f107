import { type Clock, MagpieError } from "@magpie/protocol"
import { createMeters, type Rate, rate, take } from "../flow/rate.ts"
import { addressKey } from "./occupancy.ts"

/** How often one user may send a message: so many a second, with a burst of twice as many or of its own. */
export type MessageRate = number | { readonly perSecond: number; readonly burst: number }

/** The rates of each pattern's messages, for each user alone; anonymous ones are told apart by their address [F49]. */
export interface MessageRates {
  /** Fails with INVALID_OPTIONS on a message that the kind does not have, or a rate that is none. */
  set(pattern: string, messages: readonly string[], rates: Readonly<Record<string, MessageRate | undefined>>): void
  /** Counts a publish. Fails with RATE_LIMITED and the exact time to wait where it is one too many. */
  take(pattern: string, message: string, sender: { readonly userId: string | undefined; readonly address: string }): void
}

/** At most so many senders' messages are remembered; the longest unused is forgotten first. */
export function createMessageRates(clock: Clock, trackedRates: number): MessageRates {
  const patterns = new Map<string, ReadonlyMap<string, Rate>>()
  const meters = createMeters(trackedRates)

  return {
    set(pattern, messages, rates) {
      const its = new Map<string, Rate>()
      for (const [message, given] of Object.entries(rates)) {
        if (given === undefined) continue
        if (!messages.includes(message)) refuse(pattern, message, `is no message; there are ${messages.join(", ")}`)
        const { perSecond, burst } = typeof given === "number" ? { perSecond: given, burst: given * 2 } : given
        if (!isPositive(perSecond) || !isPositive(burst)) refuse(pattern, message, "must be a number above 0 per second")
        its.set(message, rate(perSecond, burst))
      }
      patterns.set(pattern, its)
    },
    take(pattern, message, { userId, address }) {
      const limit = patterns.get(pattern)?.get(message)
      if (limit === undefined) return
      // None of them holds a line feed but perhaps the last one.
      const who = userId === undefined ? `address\n${addressKey(address)}` : `user\n${userId}`
      const wait = take(meters.of(`${pattern}\n${message}\n${who}`), limit, clock.monotonic())
      if (wait > 0) {
        const details = { limit: "rate", name: message }
        throw new MagpieError("RATE_LIMITED", `too many messages "${message}"`, { retryAfterMs: wait, details })
      }
    },
  }
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0
}

function refuse(pattern: string, message: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `channel "${pattern}": rate.${message} ${why}`, { details: { option: "rate" } })
}
