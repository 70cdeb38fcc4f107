import { positionShape } from "../position.ts"
import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Why a position could not be resumed from. */
export const UNRECOVERABLE_REASONS = ["expired", "trimmed", "epoch", "corrupt"] as const
export type UnrecoverableReason = (typeof UNRECOVERABLE_REASONS)[number]

/**
 * Server → client, before any message of the subscription. `position` is the place from which nothing is missed: the one
 * asked for when `recovered`, the newest when `new` or `unrecoverable`, the one before the first of the `last` messages
 * where those were asked for. Of a table, `intervalMs` is the time between two updates at least, 0 for none. A broadcast has no position. The third answer to a
 * resume, no permission, is an error.
 */
export const subscribed = object({
  type: oneOf("subscribed"),
  id: optional(requestId),
  channel: text(1_024),
  kind: text(16),
  answer: oneOf("new", "recovered", "unrecoverable"),
  reason: optional(oneOf(...UNRECOVERABLE_REASONS)),
  position: optional(positionShape),
  intervalMs: optional(integer(0)),
})
export type Subscribed = Infer<typeof subscribed>
