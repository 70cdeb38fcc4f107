import { type Clock, type Limits, MagpieError } from "@magpie/protocol"
import { addressKey } from "../access/occupancy.ts"
import { charge, createMeters, type Meter, type Rate, rate, take } from "../flow/rate.ts"
import type { ApiCaller } from "./rights.ts"

/** How often addresses, callers and keys may ask [F49]. Each fails with RATE_LIMITED and the exact time to wait. */
export interface ApiRates {
  /** Before credentials are looked at. */
  countAddress(address: string): void
  countCaller(caller: ApiCaller): void
  /** More messages that came along with a request that was within the rate: whoever is next waits for all of them. */
  chargeCaller(caller: ApiCaller, count: number): void
}

export function createApiRates(clock: Clock, limits: Limits): ApiRates {
  const addresses = createMeters(limits.trackedRates)
  const callers = createMeters(limits.trackedRates)
  const proofs = createMeters(limits.trackedRates)
  const addressRate = burstOfTwo(limits.apiRequestsPerAddressPerSecond)
  const callerRate = burstOfTwo(limits.apiMessagesPerCallerPerSecond)

  function count(meter: Meter, per: Rate, limit: string): void {
    const wait = take(meter, per, clock.monotonic())
    if (wait > 0) throw new MagpieError("RATE_LIMITED", "too many requests at once", { retryAfterMs: wait, details: { limit } })
  }

  /** Where the proof itself says how often. */
  function own({ token, perSecond }: ApiCaller): { readonly meter: Meter; readonly per: Rate } | undefined {
    return token === undefined || perSecond === undefined ? undefined : { meter: proofs.of(token), per: burstOfTwo(perSecond) }
  }

  return {
    countAddress: (address) => count(addresses.of(addressKey(address)), addressRate, "apiRequestsPerAddressPerSecond"),
    countCaller(caller) {
      count(callers.of(caller.id), callerRate, "apiMessagesPerCallerPerSecond")
      const its = own(caller)
      if (its !== undefined) count(its.meter, its.per, "messagesPerSecond")
    },
    chargeCaller(caller, messages) {
      const now = clock.monotonic()
      charge(callers.of(caller.id), callerRate, now, messages)
      const its = own(caller)
      if (its !== undefined) charge(its.meter, its.per, now, messages)
    },
  }
}

function burstOfTwo(perSecond: number): Rate {
  return rate(perSecond, perSecond * 2)
}
