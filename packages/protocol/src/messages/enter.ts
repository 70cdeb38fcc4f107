import { anything, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Client → server: be present on the channel with this state, or put it in the place of the earlier one. Said again on each
 * new link. `link` rises with each link of one client, so that what an earlier one says late counts for nothing.
 */
export const enter = object({
  type: oneOf("enter"),
  id: optional(requestId),
  channel: text(1_024),
  state: anything,
  link: optional(integer(0)),
})
export type Enter = Infer<typeof enter>

/** Server → client. `member` is this session's name among the members: the same on each of its links, and nobody else's. */
export const entered = object({
  type: oneOf("entered"),
  id: optional(requestId),
  channel: text(1_024),
  member: text(64),
})
export type Entered = Infer<typeof entered>
