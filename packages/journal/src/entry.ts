import type { ErrorCode, JsonText, Retention } from "@magpie/protocol"

/** What somebody sends to a stream, whatever it does there. `pattern` names the settings that apply. */
interface SentEntry {
  readonly at: number
  readonly channel: string
  readonly pattern: string
  readonly from?: string | undefined
  readonly ref?: string | undefined
  /** Who numbers: the publisher's counter, already bound to its user. Comes with `sequence`. */
  readonly producer?: string | undefined
  readonly sequence?: number | undefined
  /** An idempotency key, already bound to its user, for a publisher without sequences. */
  readonly key?: string | undefined
}

/** Stores one message in a stream. */
export interface PublishEntry extends SentEntry {
  readonly type: "publish"
  readonly name: string
  readonly data: JsonText
}

/** Changes a message of a stream, or says up to where somebody has read. */
export interface ChangeEntry extends SentEntry {
  readonly type: "change"
  readonly change: Change
}

/** Writes a row of a table. */
export interface RowEntry extends SentEntry {
  readonly type: "row"
  readonly write: RowWrite
}

/**
 * What is written. `set` gives a row its value, whether it is there or not; `merge` gives some of its fields new values and
 * needs it to be there, as `delete` does. Caps stand beside it, so that nodes with other settings apply the same: `most` rows
 * in the table, `maxBytes` of a row's value.
 */
export type RowWrite = RowCondition &
  (
    | {
        readonly action: "set"
        readonly data: JsonText
        readonly most: number
        readonly maxBytes: number
        readonly ttlMs?: number | undefined
      }
    | { readonly action: "merge"; readonly data: JsonText; readonly maxBytes: number; readonly ttlMs?: number | undefined }
    | { readonly action: "delete" }
  )

/** A step of a command's life, or of who serves the channel's commands. */
export interface CommandEntry extends SentEntry {
  readonly type: "command"
  readonly step: CommandStep
}

/** What whoever runs a command may say of it. */
export type ReportedState = "delivered" | "started" | "progress" | "done" | "failed" | "expired" | "cancelled" | "indeterminate"

/**
 * What is done. Caps stand beside it, so that nodes with other settings apply the same: `most` commands of the channel that
 * have not ended, or reports of progress of one command; `keep` that have ended and are remembered. Times count in the log's time, from the entry on.
 */
export type CommandStep =
  | {
      readonly action: "call"
      readonly id: string
      readonly name: string
      readonly data: JsonText
      /** It is not begun after that. 0: it never is, and its id is used up. */
      readonly deadlineMs: number
      /** Refused where nobody serves the channel, and expired where nobody has taken it after so long. */
      readonly deliverMs?: number | undefined
      /** How long after the deadline the outcome of one that was begun may come. */
      readonly reportMs: number
      /** The server that runs it itself: it is begun at once. */
      readonly runner?: string | undefined
      readonly most: number
      readonly keep: number
    }
  /** `anybody`: also where somebody else has called it. */
  | { readonly action: "cancel"; readonly id: string; readonly anybody: boolean }
  /** The place of the entry is the fence of whoever serves from now on; with `fence` somebody comes back under his. */
  | { readonly action: "serve"; readonly fence?: number | undefined }
  /** `since`: the place of the `serve` that this ends; a later one under the same fence goes on. Undefined: whichever is the last. */
  | { readonly action: "leave"; readonly fence: number; readonly since?: number | undefined }
  | {
      readonly action: "report"
      readonly id: string
      readonly state: ReportedState
      /** Of a device; else the server that runs it says its name. */
      readonly fence?: number | undefined
      readonly runner?: string | undefined
      /** Progress, output or error. */
      readonly data?: JsonText | undefined
      readonly most: number
    }

/**
 * Puts one message in the place of all of a channel's messages up to an offset, which together say the same. `mark` is the number of
 * the last of them.
 */
export interface CompactEntry {
  readonly type: "compact"
  readonly at: number
  readonly channel: string
  readonly pattern: string
  readonly upTo: number
  readonly mark: number
  readonly name: string
  readonly data: JsonText
}

/** Which row, and of which version it must be: 0 where it must not be there; undefined where that does not matter. */
interface RowCondition {
  readonly key: string
  readonly expected?: number | undefined
}

/** Which message, and the number of its mark: another one at that offset is not meant. */
interface Target {
  readonly offset: number
  readonly mark: number
}

/**
 * What is done. Caps stand beside it, so that nodes with other settings apply the same: `keep` earlier versions of one
 * message, `maxBytes` of data in one message, `most` reactions to one message and receipts of one channel.
 */
export type Change =
  | (Target & { readonly action: "edit"; readonly data: JsonText; readonly keep: number })
  /** Adds a text to the text, or a list to the list, that stands in this field of the message's data. */
  | (Target & { readonly action: "append"; readonly field: string; readonly data: JsonText; readonly maxBytes: number })
  /** `erase`: earlier versions are not kept either. */
  | (Target & { readonly action: "delete"; readonly erase: boolean; readonly keep: number })
  | (Target & { readonly action: "react" | "unreact"; readonly reaction: string; readonly most: number })
  | { readonly action: "read"; readonly offset: number; readonly most: number }

/** Uses up a sequence whose publish was finally refused, so that the next one is in order. */
export interface RefusedEntry {
  readonly type: "refused"
  readonly at: number
  readonly channel: string
  readonly pattern: string
  readonly producer: string
  readonly sequence: number
  readonly code: ErrorCode
  /** As the refused publish had it: whoever meant another message by that number is told so. */
  readonly ref?: string | undefined
}

/** The only way in which time reaches the state machine. */
export interface ClockEntry {
  readonly type: "clock"
  readonly at: number
}

/** Starts a new epoch: positions of earlier ones no longer mean anything. */
export interface EpochEntry {
  readonly type: "epoch"
  readonly at: number
  readonly epoch: string
  /** `created`: a new log. `restored`: a copy was put back. `lost`: the journal lost entries that were applied. */
  readonly reason: "created" | "restored" | "lost"
  /**
   * Where given, it counts only right after this epoch ("" for none): of several nodes that notice one event, the first
   * starts the epoch and the others change nothing.
   */
  readonly after?: string | undefined
}

/** Settings that change results travel in the log, so that every node applies the same. */
export interface SettingsEntry {
  readonly type: "settings"
  readonly at: number
  readonly applyVersion: number
  readonly deduplicationMs: number
  readonly retention: Readonly<Record<string, Required<Retention>>>
  /** Where given, it counts only if it is the next one, so that one which lands late does not undo a newer one. */
  readonly revision?: number | undefined
}

/** A node that tails the log says which rules it knows. It counts as present while entries of its own keep coming. */
export interface NodeEntry {
  readonly type: "node"
  readonly at: number
  readonly name: string
  readonly supports: number
}

/** Asks for the ownership of a named thing, or renews it. */
export interface ClaimEntry {
  readonly type: "claim"
  readonly at: number
  readonly name: string
  readonly owner: string
  readonly leaseMs: number
}

/** Gives an ownership back before its lease ends. */
export interface ReleaseEntry {
  readonly type: "release"
  readonly at: number
  readonly name: string
  readonly owner: string
}

/**
 * Takes back what was issued up to `issuedUntil`; forgotten when all of it has run out by itself. That is `until`
 * by the clock that says `at`: in the log's time, so long after the entry as `until` is after `at`.
 */
export interface RevokeEntry {
  readonly type: "revoke"
  readonly at: number
  /** As `Revocation` has it: of a user, the user's id. */
  readonly subject: string
  readonly issuedUntil: number
  readonly until: number
}

/** Uses up a name; the first entry counts. Forgotten at `until`, from which moment on it cannot be used either. */
export interface SpendEntry {
  readonly type: "spend"
  readonly at: number
  readonly name: string
  readonly until: number
}

/** Asks every node for its state hash at this place of the log. */
export interface CheckpointEntry {
  readonly type: "checkpoint"
  readonly at: number
}

/** A node's answer to a checkpoint of one partition, on the control partition. */
export interface HashEntry {
  readonly type: "hash"
  readonly at: number
  readonly partition: number
  readonly position: number
  /** Of the checkpoint's record. */
  readonly mark: number
  readonly hash: string
}

export type Entry =
  | PublishEntry
  | ChangeEntry
  | RowEntry
  | CommandEntry
  | CompactEntry
  | RefusedEntry
  | ClockEntry
  | EpochEntry
  | SettingsEntry
  | NodeEntry
  | ClaimEntry
  | ReleaseEntry
  | RevokeEntry
  | SpendEntry
  | CheckpointEntry
  | HashEntry

/** Who appended an entry: an opening of a log by a node, and the how-manieth of its entries on this partition. */
export interface Origin {
  readonly node: string
  readonly counter: number
}
