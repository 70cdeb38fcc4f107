import { positionShape } from "../position.ts"
import { boolean, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { storedMessage } from "./message.ts"
import { requestId } from "./request-id.ts"

/** Client → server: at most `limit` messages before an offset (newest first to be found) or after one, always given in order. */
export const history = object({
  type: oneOf("history"),
  id: optional(requestId),
  channel: text(1_024),
  before: optional(integer(1)),
  after: optional(integer(0)),
  limit: optional(integer(1)),
})
export type History = Infer<typeof history>

/** Server → client. `more` says whether the log goes on in the direction asked for. `position` is the newest of the channel. */
export const historyPage = object({
  type: oneOf("history"),
  id: optional(requestId),
  channel: text(1_024),
  messages: list(storedMessage, 10_000),
  more: boolean,
  position: positionShape,
})
export type HistoryPage = Infer<typeof historyPage>
