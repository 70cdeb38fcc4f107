import { ACK_LEVELS, positionShape } from "../position.ts"
import { boolean, type Infer, integer, object, oneOf, optional } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Server → client, the acknowledgement. On a stream it carries the position, how durable that is, and whether this was a
 * repetition of something stored before. Of a step of a command also `at`, the server's time when it answered. On a broadcast it only says that the message was handed on.
 */
export const published = object({
  type: oneOf("published"),
  id: optional(requestId),
  position: optional(positionShape),
  level: optional(oneOf(...ACK_LEVELS)),
  duplicate: optional(boolean),
  at: optional(integer(0)),
})
export type Published = Infer<typeof published>
