import { positionShape } from "../position.ts"
import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Client → server. With `position`, asks for everything after it; with `last`, for the newest messages first; with
 * neither, for what comes from now on. Subscribing again to a channel moves the subscription to the new start.
 */
export const subscribe = object({
  type: oneOf("subscribe"),
  id: optional(requestId),
  channel: text(1_024),
  position: optional(positionShape),
  last: optional(integer(1)),
})
export type Subscribe = Infer<typeof subscribe>
