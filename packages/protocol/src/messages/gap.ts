import { positionShape } from "../position.ts"
import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { UNRECOVERABLE_REASONS } from "./subscribed.ts"

/**
 * Server → client, before anything newer: messages are missing and will not come. On a stream `from` and `to` are the
 * first and last missing offset and `position` is where the subscription goes on. On a broadcast `skipped` counts exactly
 * what this subscriber did not get, because it reads too slowly or the server shed load.
 */
export const gap = object({
  type: oneOf("gap"),
  channel: text(1_024),
  reason: oneOf(...UNRECOVERABLE_REASONS, "slow"),
  from: optional(integer(1)),
  to: optional(integer(0)),
  position: optional(positionShape),
  skipped: optional(integer(1)),
})
export type Gap = Infer<typeof gap>
