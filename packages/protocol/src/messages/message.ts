import { anything, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { changed } from "./change.ts"

const publicationFields = {
  offset: optional(integer(1)),
  since: optional(integer(0)),
  mark: optional(text(16)),
  at: integer(0),
  from: optional(text(256)),
  ref: optional(text(64)),
  name: text(64),
  data: anything,
  changed: optional(changed),
}

/**
 * Server → client. `offset` and `mark` are absent on what is not stored. `at` is the server's time, `from` the publisher's user id.
 * `since` is the offset of the message before it where that is not `offset - 1`, because changes between them were taken over by later ones.
 */
export const message = object({ type: oneOf("message"), channel: text(1_024), ...publicationFields })
export type Message = Infer<typeof message>

/** A message as it stands in a page of history. */
export const storedMessage = object(publicationFields)
export type StoredMessage = Infer<typeof storedMessage>
