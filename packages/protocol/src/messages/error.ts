import { anything, boolean, dictionary, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Server → client: a refusal. With `id` it answers that request, else it concerns the connection. */
export const error = object({
  type: oneOf("error"),
  id: optional(requestId),
  code: text(32),
  message: text(4_096),
  remedy: text(1_024),
  retryable: boolean,
  retryAfterMs: optional(integer(0)),
  details: optional(dictionary(anything, 64)),
})
export type ErrorReply = Infer<typeof error>
