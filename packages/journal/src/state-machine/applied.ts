import type { Publication } from "@magpie/protocol"
import type { ClaimAnswer, ControlChange } from "../control.ts"
import type { Outcome } from "../durable-log.ts"

/** What an entry led to: its outcome for whoever sent it, the message to deliver if one was stored, what changed for all nodes. */
export interface Applied {
  readonly outcome?: Outcome
  readonly publication?: Publication
  /** What time led to: rows that left their tables. */
  readonly expired?: readonly Publication[]
  readonly claim?: ClaimAnswer
  readonly changes?: readonly ControlChange[]
  /** Nothing came of it: its end was past, the name was spent before, or there is no room for more. */
  readonly refused?: "past" | "spent" | "full"
  /** The journal gave this entry before, or gave it behind a later one of the same origin: it had no effect. */
  readonly stale?: boolean
}

export const NOTHING: Applied = {}
export const STALE: Applied = { stale: true }
