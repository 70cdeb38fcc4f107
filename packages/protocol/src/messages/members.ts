import { anything, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Somebody who is present. `member` is a session's, `user` absent for an anonymous one, `at` the server's time of entering. */
export const present = object({
  member: text(64),
  user: optional(text(256)),
  at: integer(0),
  state: anything,
})
export type Present = Infer<typeof present>

/** How many are present: sessions, and users; one without a user counts among the members only. */
export const counts = object({ members: integer(0), users: integer(0) })
export type Counts = Infer<typeof counts>

/** Client → server: members in the order of their entering, from the first or after a cursor. */
export const members = object({
  type: oneOf("members"),
  id: optional(requestId),
  channel: text(1_024),
  after: optional(text(128)),
  limit: optional(integer(1)),
})
export type Members = Infer<typeof members>

/** Server → client. `next` is the cursor of what follows; absent on the last page. */
export const membersPage = object({
  type: oneOf("members"),
  id: optional(requestId),
  channel: text(1_024),
  counts,
  page: list(present, 10_000),
  next: optional(text(128)),
})
export type MembersPage = Infer<typeof membersPage>
