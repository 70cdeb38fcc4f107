import { positionShape } from "../position.ts"
import { dictionary, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Client → server: are you there, and am I where I think I am? `positions` are the offsets that the client has reached. */
export const ping = object({
  type: oneOf("ping"),
  id: optional(requestId),
  positions: optional(dictionary(integer(0), 1_000)),
})
export type Ping = Infer<typeof ping>

/** Server → client. `ahead` names channels of which the server has sent more by now; `unknown` those it does not send. */
export const pong = object({
  type: oneOf("pong"),
  id: optional(requestId),
  ahead: optional(dictionary(positionShape, 1_000)),
  unknown: optional(list(text(1_024), 1_000)),
})
export type Pong = Infer<typeof pong>
