import { positionShape } from "../position.ts"
import { anything, boolean, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"

/** The name under which a write of a table's row is published. No message of a contract can have it. */
export const ROW = "$row"

/** What a client may do to a row. */
export const ROW_ACTIONS = ["set", "merge", "delete"] as const
export type RowAction = (typeof ROW_ACTIONS)[number]

/**
 * Client → server, as the data of a publish of the name `$row`. `data` is the value of a set, or the fields of a merge.
 * `expected` is the version that the row must be of, 0 where it must not be there.
 */
export const rowRequest = object({
  action: oneOf(...ROW_ACTIONS),
  key: text(1_024),
  data: optional(anything),
  expected: optional(integer(0)),
})
export type RowRequestData = Infer<typeof rowRequest>

/**
 * A row as it is now, or that it is gone. With `fields` only those that were written after the version that the receiver has
 * of it. `count` says how often it was written; by how much more than one it grew, so many updates the receiver did not get.
 * Where nothing was known of it any more when it was written at `born`, its count begins there.
 */
const row = object({
  key: text(1_024),
  version: integer(1),
  count: integer(1),
  at: integer(0),
  born: optional(integer(1)),
  from: optional(text(256)),
  data: optional(anything),
  fields: optional(anything),
  gone: optional(boolean),
})
export type Row = Infer<typeof row>

/**
 * Server → client: rows of a table in the order of their versions. They lead from `since` to `position`, from where a later
 * subscription can go on. With `reset` everything that was given before is to be forgotten. `more`: others follow at once.
 * `intervalMs`: from now on there is so much time between two updates at least, 0 for none, because of what it is `slowedBy`, if
 * anything.
 */
export const rows = object({
  type: oneOf("rows"),
  channel: text(1_024),
  since: integer(0),
  position: positionShape,
  reset: optional(boolean),
  more: optional(boolean),
  intervalMs: optional(integer(0)),
  slowedBy: optional(oneOf("bytes", "link")),
  rows: list(row, 10_000),
})
export type Rows = Infer<typeof rows>
