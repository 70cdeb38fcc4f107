import { type Infer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Server → client: the reply to unsubscribe, or, with a code and no id, the end of a subscription by the server. */
export const unsubscribed = object({
  type: oneOf("unsubscribed"),
  id: optional(requestId),
  channel: text(1_024),
  code: optional(text(32)),
  message: optional(text(1_024)),
})
export type Unsubscribed = Infer<typeof unsubscribed>
