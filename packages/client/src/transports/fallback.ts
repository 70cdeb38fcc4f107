import { MagpieError } from "@magpie/protocol"
import { thisMachine } from "../environment/fetch-http.ts"
import { pageMemory } from "../environment/transport-memory.ts"
import type { Transport } from "../transport/transport.ts"
import { createClimb } from "./climb.ts"
import type { TransportWorld } from "./http-client.ts"
import type { TransportMemory } from "./memory.ts"
import type { NamedTransport } from "./named-transport.ts"
import { openRacing } from "./racing-link.ts"

export interface FallbackOptions {
  /**
   * How long a transport may take to open before the next one is tried beside it, and how long an open one may stay silent before
   * it is given up, in milliseconds. Default 3,000.
   */
  readonly patienceMs?: number
  /** When a better transport is tried again, in milliseconds; each time in vain doubles it, up to half an hour. Default 30,000. */
  readonly climbAfterMs?: number
  /** Where to keep what works on this network. Default: the page's local storage; in Node, this object. */
  readonly memory?: TransportMemory
  /** Another clock and randomness, for tests. */
  readonly world?: Partial<Pick<TransportWorld, "clock" | "random">>
}

/** What the links of one `fallback` share: which transport works on this network. */
export interface Choice {
  /** Its place in the list. */
  best: number
  /** A transport has carried a message. */
  works(index: number): void
}

/**
 * Several transports as one, the best first: what does not come through is given up for the next, what works is remembered, and
 * better ones are tried again from time to time. A change is a new link of the same session: on a stream nothing is lost or
 * doubled [G1–G5]; broadcasts of that moment may be missed. Fails with INVALID_OPTIONS.
 */
export function fallback(transports: readonly NamedTransport[], options: FallbackOptions = {}): Transport {
  const { patienceMs = 3_000, climbAfterMs = 30_000, memory = pageMemory } = options
  const world = { ...thisMachine, ...options.world }
  if (transports.length === 0 || !transports.every((transport) => typeof transport?.open === "function"))
    throw new MagpieError("INVALID_OPTIONS", "transports must be a list of at least one", { details: { field: "transports" } })
  for (const [field, value] of Object.entries({ patienceMs, climbAfterMs })) {
    if (!(value >= 1)) throw new MagpieError("INVALID_OPTIONS", `${field} must be a number of at least 1`, { details: { field } })
  }
  const remembered = memory.read()
  const choice: Choice = {
    best: Math.max(
      0,
      transports.findIndex(({ name }) => name === remembered),
    ),
    works(index) {
      if (index === 0) climb.reset()
      if (index === choice.best) return
      choice.best = index
      memory.write(index === 0 ? undefined : transports[index]?.name)
    },
  }
  const climb = createClimb({ transports, world, patienceMs, climbAfterMs })
  return {
    open: (url, protocols, events) => openRacing({ url, protocols, transports, choice, climb, clock: world.clock, patienceMs }, events),
  }
}
