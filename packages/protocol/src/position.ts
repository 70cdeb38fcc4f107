import { integer, object, optional, text } from "./shape.ts"

/**
 * A place in a channel's log. `offset` counts the channel's entries from 1 without holes; 0 is before the first.
 * `epoch` names the log that the offset belongs to: after a loss at the server the epoch changes, and an offset of an old
 * epoch means nothing. `mark` is a short checksum of the entry at `offset` and all before it; it proves that server and
 * client speak of the same entry.
 */
export interface Position {
  readonly epoch: string
  readonly offset: number
  readonly mark?: string | undefined
}

export const positionShape = object({
  epoch: text(32),
  offset: integer(0),
  mark: optional(text(16)),
})

/** How far an acknowledged message has come: what a crash must do to lose it. */
export type AckLevel = "memory" | "process" | "disk" | "quorum"
export const ACK_LEVELS = ["memory", "process", "disk", "quorum"] as const
