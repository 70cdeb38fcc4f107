import { anything, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { counts, present } from "./members.ts"

/**
 * Server → client: what became of the members between the version `since` (absent: the one before `version`) and `version`;
 * of each member only the outcome. `joined` may name one that is known, whose entry it then replaces.
 */
export const presence = object({
  type: oneOf("presence"),
  channel: text(1_024),
  since: optional(integer(0)),
  version: integer(0),
  counts,
  joined: optional(list(present, 10_000)),
  updated: optional(list(object({ member: text(64), state: anything }), 10_000)),
  left: optional(list(text(64), 10_000)),
})
export type Presence = Infer<typeof presence>
