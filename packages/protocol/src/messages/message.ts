import { anything, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"

const publicationFields = {
  offset: optional(integer(1)),
  mark: optional(text(16)),
  at: integer(0),
  from: optional(text(256)),
  ref: optional(text(64)),
  name: text(64),
  data: anything,
}

/** Server → client. `offset` and `mark` are absent on what is not stored. `at` is the server's time, `from` the publisher's user id. */
export const message = object({ type: oneOf("message"), channel: text(1_024), ...publicationFields })
export type Message = Infer<typeof message>

/** A message as it stands in a page of history. */
export const storedMessage = object(publicationFields)
export type StoredMessage = Infer<typeof storedMessage>
