import { type Infer, integer, object, oneOf, text } from "../shape.ts"

/**
 * Server → client, right after the answer to a subscription of a document and before its updates: with the one at the offset
 * `newest` the document is all that it was at that moment. No update may have more than `updateBytes` bytes.
 */
export const documentMessage = object({
  type: oneOf("document"),
  channel: text(1_024),
  newest: integer(0),
  updateBytes: integer(1),
})
export type DocumentMessage = Infer<typeof documentMessage>
