import type { Clock, Limits, Random, ServerCodec } from "@magpie/protocol"
import type { CatchUp } from "../channel/catch-up.ts"
import type { TimingWheel } from "../flow/timing-wheel.ts"
import type { Turn } from "../flow/turn.ts"
import type { Counters } from "../metrics/counters.ts"

/** What all rooms of a server share. */
export interface PresenceContext {
  readonly clock: Clock
  readonly random: Random
  readonly codec: ServerCodec
  readonly turn: Turn
  readonly wheel: TimingWheel
  readonly catchUp: CatchUp
  readonly counters: Counters
  readonly limits: Limits
  /** Bytes in one page of members. */
  readonly pageBytes: number
  /** How long a member outlives its link, and what a node says of its members outlives the saying. */
  readonly leaseMs: number
  /** Whether there is too much to carry to tell anybody of changes. */
  readonly sheds: () => boolean
  /** To be asked before anybody is told anything. */
  readonly guard: () => void
}
