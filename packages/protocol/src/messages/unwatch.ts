import { type Infer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Client → server. Nothing of the channel's presence follows the reply. */
export const unwatch = object({
  type: oneOf("unwatch"),
  id: optional(requestId),
  channel: text(1_024),
})
export type Unwatch = Infer<typeof unwatch>

/** Server → client: the reply to unwatch, or, with a code and no id, the end of a watch by the server. */
export const unwatched = object({
  type: oneOf("unwatched"),
  id: optional(requestId),
  channel: text(1_024),
  code: optional(text(32)),
  message: optional(text(1_024)),
})
export type Unwatched = Infer<typeof unwatched>
