import { type Infer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Client → server. Nothing of the channel follows the reply. */
export const unsubscribe = object({
  type: oneOf("unsubscribe"),
  id: optional(requestId),
  channel: text(1_024),
})
export type Unsubscribe = Infer<typeof unsubscribe>
