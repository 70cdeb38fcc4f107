import { type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"
import { counts, present } from "./members.ts"
import { requestId } from "./request-id.ts"

/** How much of a channel's presence a watcher is told: every change, those of the first members, or only how many there are. */
export const WATCH_MODES = ["all", "sampled", "counts"] as const
export type WatchMode = (typeof WATCH_MODES)[number]

/** Client → server. `epoch` and `version` are what an earlier watch has reached: then only what changed since is told, where it is still known. */
export const watch = object({
  type: oneOf("watch"),
  id: optional(requestId),
  channel: text(1_024),
  mode: optional(oneOf(...WATCH_MODES)),
  epoch: optional(text(32)),
  version: optional(integer(0)),
  limit: optional(integer(1)),
})
export type Watch = Infer<typeof watch>

/**
 * Server → client, before any change: the first page of a snapshot, or `recovered`, after which the changes follow that lead
 * from the version that was asked from to this one. Without an id a snapshot replaces what the watcher knew. For `settlesInMs` members whose links
 * were lost with a server or have yet to be heard of by this one may still be missing.
 */
export const watched = object({
  type: oneOf("watched"),
  id: optional(requestId),
  channel: text(1_024),
  mode: oneOf(...WATCH_MODES),
  answer: oneOf("snapshot", "recovered"),
  epoch: text(32),
  version: integer(0),
  counts,
  page: optional(list(present, 10_000)),
  next: optional(text(128)),
  settlesInMs: optional(integer(1)),
})
export type Watched = Infer<typeof watched>
