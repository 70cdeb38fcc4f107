import { anything, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Client → server. On a stream, `sequence` counts this producer's publishes to the channel from 1; a client without
 * sequences gives an idempotency `key` instead, or neither and lives with doubles. `ref` comes back on the message, so
 * that its sender knows it again.
 */
export const publish = object({
  type: oneOf("publish"),
  id: optional(requestId),
  channel: text(1_024),
  name: text(64),
  data: anything,
  sequence: optional(integer(1)),
  key: optional(text(128)),
  ref: optional(text(64)),
})
export type Publish = Infer<typeof publish>
