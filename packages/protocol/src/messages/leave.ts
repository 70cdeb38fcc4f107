import { type Infer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Client → server: be present no longer. */
export const leave = object({
  type: oneOf("leave"),
  id: optional(requestId),
  channel: text(1_024),
})
export type Leave = Infer<typeof leave>

/** Server → client: the reply to leave, or, with a code and no id, the end of a presence by the server. */
export const left = object({
  type: oneOf("left"),
  id: optional(requestId),
  channel: text(1_024),
  code: optional(text(32)),
  message: optional(text(1_024)),
})
export type Left = Infer<typeof left>
