import type { Clock, Limits } from "@magpie/protocol"
import { createMeters, type Meter, type Rate, rate, take } from "../flow/rate.ts"
import type { Identity } from "./identity.ts"
import { addressKey } from "./occupancy.ts"

/** Whose messages are counted: a connection, as far as its rates go. */
export interface Sender {
  readonly meter: Meter
  readonly identity: Identity | undefined
  readonly request: { readonly address: string; readonly visit?: boolean | undefined }
  /** What outlives the connection, once it is open. */
  readonly open: { readonly session: string } | undefined
  /** What it shares with others, found once for each identity. */
  sharedRates: SharedRates | undefined
}

export interface SharedRates {
  readonly identity: Identity | undefined
  readonly rates: readonly (readonly [Meter, Rate])[]
}

/** How long the sender of one more message has to wait: 0 within the rates of its connection, address, user and proof. */
export type SpeedCheck = (sender: Sender, cost: number) => number

/** With a burst of twice as many. */
const burst = (perSecond: number): Rate => rate(perSecond, perSecond * 2)

export function createSpeedCheck({ clock, limits }: { readonly clock: Clock; readonly limits: Limits }): SpeedCheck {
  const own = burst(limits.messagesPerSecond)
  const perUser = burst(limits.messagesPerUserPerSecond)
  const perAddress = burst(limits.messagesPerAddressPerSecond)
  const users = createMeters(limits.trackedRates)
  const addresses = createMeters(limits.trackedRates)
  const proofs = createMeters(limits.trackedRates)
  const sessions = createMeters(limits.trackedRates)

  function sharedBy({ identity, request, open }: Sender): SharedRates {
    const rates: (readonly [Meter, Rate])[] = []
    // A connection that lasts for one request has its rate from one to the next.
    if (request.visit && open !== undefined) rates.push([sessions.of(open.session), own])
    if (identity?.user !== undefined) rates.push([users.of(identity.user.id), perUser])
    const ownLimit = identity?.limits?.messagesPerSecond
    if (identity?.token !== undefined && ownLimit !== undefined) rates.push([proofs.of(identity.token), burst(ownLimit)])
    rates.push([addresses.of(addressKey(request.address)), perAddress])
    return { identity, rates }
  }

  return (sender, cost) => {
    const now = clock.monotonic()
    for (let unit = 0; unit < cost; unit++) {
      const wait = take(sender.meter, own, now)
      if (wait > 0) return wait
    }
    if (sender.sharedRates === undefined || sender.sharedRates.identity !== sender.identity) sender.sharedRates = sharedBy(sender)
    for (const [meter, limit] of sender.sharedRates.rates) {
      const wait = take(meter, limit, now)
      if (wait > 0) return wait
    }
    return 0
  }
}
