import { ACK_LEVELS, positionShape } from "../position.ts"
import { boolean, type Infer, object, oneOf, optional } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Server → client, the acknowledgement. On a stream it carries the position, how durable that is, and whether this was a
 * repetition of something stored before. On a broadcast it only says that the message was handed on.
 */
export const published = object({
  type: oneOf("published"),
  id: optional(requestId),
  position: optional(positionShape),
  level: optional(oneOf(...ACK_LEVELS)),
  duplicate: optional(boolean),
})
export type Published = Infer<typeof published>
