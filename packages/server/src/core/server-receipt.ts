import type { Outcome } from "@magpie/journal"
import { type AckLevel, MagpieError, type Position } from "@magpie/protocol"
import { refusedChange } from "../kinds/refused-change.ts"

export interface AnyServerChannel {
  readonly name: string
  /** Connections of this server that follow the channel. */
  readonly subscribers: number
}

export interface ServerPublishOptions {
  /** The user in whose name it is published. Default: none, which is the server itself. */
  readonly from?: string
  /** An idempotency key: a repetition with the same key and content is stored once. */
  readonly key?: string
}

export interface ServerReceipt {
  readonly position: Position
  readonly level: AckLevel
  readonly duplicate: boolean
}

/** What became of a publish or a change with a key or without one. Fails with CONFLICT, EXPIRED, or what refused a change. */
export function receiptOf(outcome: Outcome, level: AckLevel): ServerReceipt {
  if (outcome.result === "stored" || outcome.result === "duplicate") {
    return { position: outcome.position, level, duplicate: outcome.result === "duplicate" }
  }
  if (outcome.result === "refused") throw refusedChange(outcome.code)
  if (outcome.result === "conflict") throw new MagpieError("CONFLICT", "this key stands for another message")
  throw new MagpieError("EXPIRED", "the outcome of this key is no longer remembered")
}
