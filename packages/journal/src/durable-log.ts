import type { AckLevel, ErrorCode, JsonText, Position, Publication, ReadReceipt, Retention, UnrecoverableReason } from "@magpie/protocol"
import type { Control } from "./control.ts"
import type { Change, CommandStep, RefusedEntry, RowWrite } from "./entry.ts"
import type { OpenCommand } from "./read-commands.ts"
import type { RowsPage } from "./read-rows.ts"
import type { CommandCounts } from "./rows/channel-row.ts"
import type { CommandRow } from "./rows/command-row.ts"
import type { MessageRecord } from "./rows/message-row.ts"
import type { TableRow } from "./rows/table-row.ts"

export interface PublishRequest {
  readonly channel: string
  readonly pattern: string
  readonly name: string
  readonly data: JsonText
  readonly from?: string | undefined
  readonly ref?: string | undefined
  readonly producer?: string | undefined
  readonly sequence?: number | undefined
  readonly key?: string | undefined
}

/** A change of a message, or a receipt. */
export interface ChangeRequest extends Omit<PublishRequest, "name" | "data"> {
  readonly change: Change
}

/** A write of a table's row. */
export interface RowRequest extends Omit<PublishRequest, "name" | "data"> {
  readonly write: RowWrite
}

/** A step of a command, or of who serves the channel. Its id, and what stands already, make it happen once: it has no number. */
export interface CommandRequest extends Pick<PublishRequest, "channel" | "pattern" | "from" | "ref"> {
  readonly step: CommandStep
}

/** Puts one message, which says the same, in the place of all up to an offset. `mark` is that of the last of them. */
export interface CompactRequest extends Pick<PublishRequest, "channel" | "pattern" | "name" | "data"> {
  readonly upTo: number
  readonly mark: string
}

/** A publish that is refused for good. */
export type RefuseRequest = Omit<RefusedEntry, "type" | "at">

/** What became of a publish or a refusal, once it is durable. */
export type Outcome =
  | { readonly result: "stored"; readonly position: Position }
  /** This sequence or key was stored before, with the same content; nothing new was stored. */
  | { readonly result: "duplicate"; readonly position: Position }
  /** A sequence before this one is missing; nothing was stored. */
  | { readonly result: "out-of-order"; readonly expected: number }
  /** This sequence was used up by a refusal, with that code. */
  | { readonly result: "refused"; readonly code: ErrorCode }
  /** Refused with that code, and the number is free: nothing is stored of the producer here, and a node runs rules that forget its refusals. */
  | { readonly result: "unused"; readonly code: ErrorCode }
  /** This sequence or key stands for other content; nothing was stored. */
  | { readonly result: "conflict" }
  /** So old that its outcome is no longer remembered; nothing was stored. */
  | { readonly result: "expired" }

export type ResumeAnswer =
  | { readonly answer: "recovered"; readonly position: Position }
  | { readonly answer: "unrecoverable"; readonly reason: UnrecoverableReason; readonly position: Position }

/** A run of a channel's messages in order. `more` says whether the log goes on in the direction of reading. */
export interface Page {
  readonly publications: readonly Publication[]
  readonly more: boolean
}

/** What a message said from a version on until the next one. */
export interface MessageVersion {
  readonly version: number
  readonly at: number
  readonly by: string | undefined
  readonly data: JsonText
}

export interface PageLimits {
  readonly maxCount: number
  /** Bytes of data; one message is given even where it alone is larger. */
  readonly maxBytes: number
}

export interface DurableLogSettings {
  /** Retention by channel pattern. */
  readonly retention: Readonly<Record<string, Required<Retention>>>
  /** How long sequences and keys are remembered at least, in milliseconds. */
  readonly deduplicationMs: number
}

export interface DurableLog {
  readonly level: AckLevel
  /** What concerns all nodes: revocations, ownership, who is there. */
  readonly control: Control
  /**
   * Whether it can take and answer everything now. False while a node catches up or builds its state anew, while it cannot
   * decide on rights (`control.fresh`), and once nothing more can be made durable.
   */
  readonly ready: boolean
  /**
   * Resolves when durable. After BAD_REQUEST nothing was stored. After UNAVAILABLE it may have been stored, or may still be:
   * with its sequence or key it can be sent again, and is stored once. After STORAGE_FENCED and CLOSED nobody knows either.
   */
  publish(request: PublishRequest): Promise<Outcome>
  /**
   * As `publish`. A change takes an offset of its own, and the message that it names is then read as it made it. Refused with
   * UNRECOVERABLE where that is not in history, CONFLICT where it was deleted, BAD_REQUEST, TOO_LARGE or LIMIT_EXCEEDED. What is
   * so already is called a duplicate. Fails with UNAVAILABLE while some node runs a Magpie that does not know changes.
   */
  change(request: ChangeRequest): Promise<Outcome>
  /**
   * As `publish`. Refused with CONFLICT where the row is not of the version that was expected, or not there, LIMIT_EXCEEDED,
   * TOO_LARGE, or BAD_REQUEST where the two of a merge have no fields or the channel is no table. Fails with UNAVAILABLE while
   * some node runs a Magpie that does not know tables.
   */
  write(request: RowRequest): Promise<Outcome>
  /**
   * As `publish`; what stands already is called a duplicate. Refused with CONFLICT (an id that stands for another command, another
   * fence or runner, an end that was another one), EXPIRED, UNRECOVERABLE (a command that is not remembered), FORBIDDEN (somebody
   * else's), UNAVAILABLE (nobody serves the channel) or LIMIT_EXCEEDED. Fails with UNAVAILABLE while some node runs a Magpie
   * that does not know commands.
   */
  step(request: CommandRequest): Promise<Outcome>
  /**
   * As `publish`, but takes no offset and is told to nobody: who follows the channel has what is joined. Positions from `upTo` on
   * stay what they are; before it they are trimmed. Refused with UNRECOVERABLE where the log begins behind `upTo` or ends before it,
   * CONFLICT where another message stands there, BAD_REQUEST where messages were changed, and LIMIT_EXCEEDED where they are too
   * many at once. Fails with UNAVAILABLE while some node runs a Magpie that does not know it.
   */
  compact(request: CompactRequest): Promise<Outcome>
  /**
   * Uses up a sequence that was finally refused. Of producers that have stored nothing on the channel the newest 1,024 are
   * remembered, with their newest 256 refusals. Resolves to `refused`, `unused`, or to what the sequence already stands for.
   */
  refuse(request: RefuseRequest): Promise<Outcome>
  /**
   * Nothing where this node can judge a client's position at once, which is always so where there is one node. Else what to
   * wait for before `resume`: it resolves when this node has applied what was in the log by now, and fails with
   * UNAVAILABLE after a bounded time, since a node that is behind does not know whether anything was lost.
   */
  behind(channel: string, position: Position): Promise<void> | undefined
  /** The newest durable position; offset 0 for a channel without messages. May be ahead of what `onApplied` has told, within one turn. */
  newest(channel: string): Position
  /** Offset of the first message that is kept; one more than the newest where none is. */
  oldest(channel: string): number
  /** Whether a client at this position can go on without a loss. Never called recovered in part. */
  resume(channel: string, position: Position): ResumeAnswer
  /** The message at an offset as it is now; undefined where none is. */
  find(channel: string, offset: number): MessageRecord | undefined
  /** What a message said before, oldest first, as far as that is kept. */
  versions(channel: string, offset: number): readonly MessageVersion[]
  /** Up to where users have read, and since when: those after a user in the order of their names; "" for the first. */
  receipts(channel: string, after: string, limit: number): readonly ReadReceipt[]
  /** A table's row as it is now; undefined where it is not there. */
  row(channel: string, key: string): TableRow | undefined
  /**
   * What one who is level with an offset lacks of a table: each row that was written since, once and as it is now, in the
   * order of their versions; also those that are gone. From 0 on that is the table. Whoever goes on page by page is level at
   * the end. Fails with UNRECOVERABLE where a row is damaged. Does not look whether `offset` is worth anything: `resume` does.
   * Where some rows are wanted `only`, others may be left out, and need not.
   */
  readRows(channel: string, offset: number, limits: PageLimits, only?: ReadonlySet<string>): RowsPage
  /** A command as it is now; undefined where it is not remembered. Those that have ended are for as long as sequences are. */
  command(channel: string, id: string): CommandRow | undefined
  /** Commands that have not ended and were called behind an offset, in the order of their calls. */
  openCommands(channel: string, offset: number, limit: number): readonly OpenCommand[]
  /** How many commands are open, and who serves them. */
  commandCounts(channel: string): CommandCounts
  /**
   * What came right after an offset: messages as they are now, each once, and changes of messages from before that offset,
   * each with the message as it is now. Fails with UNRECOVERABLE (details.reason, from, to) where the next one is gone or damaged. */
  readAfter(channel: string, offset: number, limits: PageLimits): Page
  /** The messages right before an offset as they are now, in order and without changes; gives fewer where history ends. */
  readBefore(channel: string, offset: number, limits: PageLimits): Page
  /** Called once per durable batch with its messages in log order, right before the promises of their publishes resolve. */
  onApplied(listener: (publications: readonly Publication[]) => void): () => void
  /**
   * Called when a new epoch began while the log was open: what was given of the channels for which `concerns` says yes may no
   * longer be in the log. Until then reading them may fail with UNAVAILABLE.
   */
  onEpoch(listener: (concerns: (channel: string) => boolean) => void): () => void
  /** Called once, when nothing more can be made durable. */
  onFenced(listener: (cause: unknown) => void): () => void
  /** Stores what was accepted before, refuses what comes after with CLOSED, and lets go of everything, also where it fails. Idempotent. */
  close(): Promise<void>
}
