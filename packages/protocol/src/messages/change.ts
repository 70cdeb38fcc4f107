import { MOST_REACTIONS, REACTION_LENGTH } from "../contract/check-changes.ts"
import { anything, boolean, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** The name under which a change of a message is published and delivered. No message of a contract can have it. */
export const CHANGE = "$change"
/** The name of what is left of a deleted message. */
export const DELETED = "$deleted"
/** The name under which a user says up to where he has read. */
export const READ = "$read"

/** What a client may do to a message. */
export const CHANGE_ACTIONS = ["edit", "append", "delete", "react", "unreact"] as const
export type ChangeAction = (typeof CHANGE_ACTIONS)[number]

/**
 * Client → server, as the data of a publish of the name `$change`. `offset` and `mark` name the message: with the mark it
 * cannot be another one that stands there after a rollback. `data` is the new data of an edit, or what an append adds.
 */
export const changeRequest = object({
  action: oneOf(...CHANGE_ACTIONS),
  offset: integer(1),
  mark: optional(text(16)),
  data: optional(anything),
  reaction: optional(text(REACTION_LENGTH)),
  erase: optional(boolean),
})
export type ChangeRequestData = Infer<typeof changeRequest>

/** Client → server, as the data of a publish of the name `$read`. */
export const readRequest = object({ upTo: integer(1) })

/** When something was done last, by whom, and how often. Without `by` it was the server itself. */
const stamp = object({ at: integer(0), by: optional(text(256)), count: optional(integer(1)) })

/** Who reacted: how many, and some of them, first come first named. */
const reaction = object({ name: text(REACTION_LENGTH), count: integer(1), users: list(text(256), 100) })
export type Reaction = Infer<typeof reaction>

/**
 * What became of a message since it was published. `version` is the offset of its last change: of two states of a message
 * the one with the higher version is the newer one; one that was never changed has its own offset for a version.
 */
export const changed = object({
  version: integer(1),
  edited: optional(stamp),
  appended: optional(stamp),
  deleted: optional(stamp),
  reactions: optional(list(reaction, MOST_REACTIONS)),
})
export type Changed = Infer<typeof changed>

/** Client → server: what a message said before it was edited or deleted. */
export const versions = object({
  type: oneOf("versions"),
  id: optional(requestId),
  channel: text(1_024),
  offset: integer(1),
})
export type Versions = Infer<typeof versions>

/** What a message said from a change on until the next one. */
const version = object({ version: integer(1), at: integer(0), by: optional(text(256)), data: anything })
export type Version = Infer<typeof version>

/** Server → client. Oldest first, without the present one; what is older than these is no longer kept. */
export const versionsPage = object({
  type: oneOf("versions"),
  id: optional(requestId),
  channel: text(1_024),
  offset: integer(1),
  versions: list(version, 1_000),
})
export type VersionsPage = Infer<typeof versionsPage>

/** Client → server: up to where users have read, in the order of their names, from the first or after one. */
export const receipts = object({
  type: oneOf("receipts"),
  id: optional(requestId),
  channel: text(1_024),
  after: optional(text(256)),
  limit: optional(integer(1)),
})
export type Receipts = Infer<typeof receipts>

/** Up to where a user has read, and since when. */
const readReceipt = object({ user: text(256), upTo: integer(1), at: integer(0) })
export type ReadReceipt = Infer<typeof readReceipt>

/** Server → client. `next` is what to ask after for what follows; absent on the last page. */
export const receiptsPage = object({
  type: oneOf("receipts"),
  id: optional(requestId),
  channel: text(1_024),
  receipts: list(readReceipt, 10_000),
  next: optional(text(256)),
})
export type ReceiptsPage = Infer<typeof receiptsPage>
