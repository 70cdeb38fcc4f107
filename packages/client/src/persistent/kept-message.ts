import type { MagpieError } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"

/**
 * `pending`: waits to leave. `sent`: has left, or may have, and is sent again until its outcome is known. The other three are
 * final: `confirmed` is stored [G1]; `rejected` will never be; `expired` was kept for too long to be sent again without the
 * danger of a second copy, or the server no longer knows.
 */
export type SendState = "pending" | "sent" | "confirmed" | "rejected" | "expired"

/** A message of the outbox as it stood when this was made. */
export interface KeptMessage {
  /** The same as long as it is kept, across reloads. */
  readonly id: string
  readonly channel: string
  readonly name: string
  readonly data: unknown
  readonly ref: string
  /** When it was sent, wall time in milliseconds. */
  readonly at: number
  readonly state: SendState
  /** Whether it outlives this page or process by now: until then a crash may lose it. */
  readonly kept: boolean
  /** An earlier page or process sent it: nobody waits for its promise any more. */
  readonly restored: boolean
  /** There once it is confirmed. */
  readonly receipt: Receipt | undefined
  /** There once it is rejected or expired. */
  readonly error: MagpieError | undefined
}
