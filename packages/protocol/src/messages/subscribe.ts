import { positionShape } from "../position.ts"
import { anything, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/**
 * Client → server. With `position`, asks for everything after it; with `last`, for the newest messages first; with
 * neither, for what comes from now on; of a table that is all that it holds, and then what changes. Subscribing again to a channel moves the subscription to the new start.
 *
 * Of a table, `keys` or `prefix` choose rows, and a `filter` of the contract those of them whose value it keeps; `fields` are
 * what is told of each. `intervalMs` is the time between two updates at least; where they would have more than
 * `maxBytesPerSecond`, they are rarer.
 */
export const subscribe = object({
  type: oneOf("subscribe"),
  id: optional(requestId),
  channel: text(1_024),
  position: optional(positionShape),
  last: optional(integer(1)),
  keys: optional(list(text(1_024), 1_000)),
  prefix: optional(text(1_024)),
  fields: optional(list(text(256), 256)),
  filter: optional(object({ name: text(64), argument: optional(anything) })),
  intervalMs: optional(integer(1)),
  maxBytesPerSecond: optional(integer(1)),
})
export type Subscribe = Infer<typeof subscribe>
