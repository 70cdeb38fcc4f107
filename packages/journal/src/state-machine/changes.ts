import type { ErrorCode, JsonText } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import { isLonger } from "../door.ts"
import type { Change, ChangeEntry } from "../entry.ts"
import { messageKey, reactionsKey, versionKey } from "../rows/keys.ts"
import { decodeRow, encodeMessageRow, isPointer, type MessageRecord, markText } from "../rows/message-row.ts"
import type { RecordChanges, Stamp } from "../rows/record-changes.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { appended } from "./append-data.ts"
import type { ChannelState } from "./channels.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { Reactions } from "./reactions.ts"

/** What a change comes to: a refusal, nothing because it is so already, or what happens at the offset that it takes. */
export type Effect =
  | { readonly refused: ErrorCode }
  | { readonly standing: { readonly offset: number; readonly mark: number } }
  | {
      /** The version before. */
      readonly was: number
      /** What subscribers are told beside which message it is. */
      readonly told: Readonly<Record<string, unknown>>
      /** Writes it. Returns what goes into the state's hash. */
      write(version: number): number
    }

export type TargetChange = Exclude<Change, { readonly action: "read" }>

/** Writes a record as it is from this version on; what its rows beside it need was done. */
type Rewrite = (changes: Partial<RecordChanges>, data?: JsonText) => number

/** Messages that change: the record is rewritten in place, so that history holds each message once, as it is now. */
export class Changes {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #reactions: Reactions

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#reactions = new Reactions(pending, writer)
  }

  judge(entry: ChangeEntry, change: TargetChange, channel: ChannelState): Effect {
    const record = this.#find(channel, change)
    if (record === undefined) return { refused: "UNRECOVERABLE" }
    const isErasing = change.action === "delete" && change.erase
    if (record.changes?.deleted !== undefined && !isErasing) {
      return change.action === "delete" ? this.#standing(channel, change.offset, record) : { refused: "CONFLICT" }
    }
    switch (change.action) {
      case "edit":
        return this.#edit(entry, change, channel, record)
      case "append":
        return this.#append(entry, change, channel, record)
      case "delete":
        return this.#delete(entry, change, channel, record)
      case "react":
      case "unreact":
        return this.#react(entry, change, channel, record)
    }
  }

  #find(channel: ChannelState, { offset, mark }: TargetChange): MessageRecord | undefined {
    if (offset < channel.first || offset > channel.newest) return undefined
    const row = this.#pending.getIntact(messageKey(channel.messagePrefix, offset))
    const found = row === undefined ? undefined : decodeRow(row)
    return found === undefined || isPointer(found) || found.mark !== mark ? undefined : found
  }

  #edit(entry: ChangeEntry, change: TargetChange & { action: "edit" }, channel: ChannelState, record: MessageRecord): Effect {
    const { data, keep, offset } = change
    return {
      was: record.changes?.version ?? offset,
      told: { data: JSON.parse(data) },
      write: (version) => {
        const kept = this.#keep(channel, offset, record, keep)
        const edited = this.#stamp(entry, record.changes?.edited)
        return this.#rewriter(channel, offset, record, version)({ edited, kept, said: this.#said(entry, version) }, data)
      },
    }
  }

  #append(entry: ChangeEntry, change: TargetChange & { action: "append" }, channel: ChannelState, record: MessageRecord): Effect {
    const { data, field, maxBytes, offset } = change
    const grown = appended(record.data, field, data)
    if (grown === undefined) return { refused: "BAD_REQUEST" }
    if (isLonger(grown, maxBytes)) return { refused: "TOO_LARGE" }
    return {
      was: record.changes?.version ?? offset,
      told: { field, data: JSON.parse(data) },
      write: (version) => {
        const stamp = this.#stamp(entry, record.changes?.appended)
        return this.#rewriter(channel, offset, record, version)({ appended: stamp, said: this.#said(entry, version) }, grown)
      },
    }
  }

  #delete(entry: ChangeEntry, change: TargetChange & { action: "delete" }, channel: ChannelState, record: MessageRecord): Effect {
    const { erase, keep, offset } = change
    return {
      was: record.changes?.version ?? offset,
      told: {},
      write: (version) => {
        if (erase) this.#forgetVersions(channel, offset, record)
        const kept = erase ? [] : this.#keep(channel, offset, record, keep)
        if (record.changes?.reactions !== undefined) this.#reactions.forget(channel, offset)
        const deleted = this.#stamp(entry, undefined)
        const said = this.#said(entry, version)
        return this.#rewriter(channel, offset, record, version)({ deleted, kept, said, reactions: undefined }, NOTHING_SAID)
      },
    }
  }

  #react(entry: ChangeEntry, change: TargetChange & { action: "react" | "unreact" }, channel: ChannelState, record: MessageRecord): Effect {
    const { action, offset, reaction, most } = change
    const next = this.#reactions.next(channel, offset, { add: action === "react", reaction, user: entry.from ?? "", most })
    if (next === "full") return { refused: "LIMIT_EXCEEDED" }
    if (next === "same") return this.#standing(channel, offset, record)
    return {
      was: record.changes?.version ?? offset,
      told: { reaction, reactions: next.summary },
      write: (version) => {
        next.write()
        const reactions = next.summary.length === 0 ? undefined : JSON.stringify(next.summary)
        return this.#rewriter(channel, offset, record, version)({ reactions })
      },
    }
  }

  /** It is so already: stands where it came to be so. */
  #standing(channel: ChannelState, offset: number, record: MessageRecord): Effect {
    const { changes } = record
    if (changes === undefined) return { standing: { offset, mark: record.mark } }
    const row = this.#pending.getIntact(messageKey(channel.messagePrefix, changes.version))
    return { standing: { offset: changes.version, mark: row === undefined ? 0 : decodeRow(row).mark } }
  }

  #rewriter(channel: ChannelState, offset: number, record: MessageRecord, version: number): Rewrite {
    return (changed, data = record.data) => {
      const before = record.changes
      // The pointer of the change before says nothing any more that the one of this change does not say.
      if (before === undefined) channel.pointers++
      else {
        this.#pending.remove(messageKey(channel.messagePrefix, before.version))
        channel.holes++
      }
      const said = { version: offset, at: record.at, by: record.from }
      const changes: RecordChanges = { said, kept: [], ...before, ...changed, version }
      this.#pending.put(messageKey(channel.messagePrefix, offset), encodeMessageRow(this.#writer, { ...record, data, changes }))
      return crc32Text(data, version)
    }
  }

  /** Keeps what the record says as an earlier version. Returns the versions that are kept then. */
  #keep(channel: ChannelState, offset: number, record: MessageRecord, keep: number): readonly number[] {
    const { changes } = record
    const version = changes?.said.version ?? offset
    const { at, by } = changes?.said ?? { at: record.at, by: record.from }
    const kept = [...(changes?.kept ?? []), version]
    const row = this.#writer.begin().number(at).optional(by).text(record.data).end()
    this.#pending.put(versionKey(channel.id, offset, version), row)
    const dropped = kept.splice(0, Math.max(0, kept.length - keep))
    for (const each of dropped) this.#pending.remove(versionKey(channel.id, offset, each))
    return kept
  }

  #forgetVersions(channel: ChannelState, offset: number, { changes }: MessageRecord): void {
    for (const version of changes?.kept ?? []) this.#pending.remove(versionKey(channel.id, offset, version))
  }

  #stamp({ from }: ChangeEntry, before: Stamp | undefined): Stamp {
    return { at: this.#state.now, by: from, count: (before?.count ?? 0) + 1 }
  }

  #said({ from }: ChangeEntry, version: number): RecordChanges["said"] {
    return { version, at: this.#state.now, by: from }
  }
}

const NOTHING_SAID = "null" as JsonText

/** Which message a change is about, and from which version to which: what everybody is told. */
export function changeText(change: TargetChange, was: number, told: Readonly<Record<string, unknown>>): JsonText {
  const { action, offset, mark } = change
  return JSON.stringify({ action, offset, mark: markText(mark), was, ...told }) as JsonText
}

/** What a retry must have in common with what it repeats. */
export function contentOfChange(change: Change): number {
  return crc32Text(JSON.stringify(identity(change)))
}

/** Without the caps, which another node may have set otherwise. */
function identity(change: Change): readonly unknown[] {
  switch (change.action) {
    case "edit":
      return [change.action, change.offset, change.mark, change.data]
    case "append":
      return [change.action, change.offset, change.mark, change.field, change.data]
    case "delete":
      return [change.action, change.offset, change.mark, change.erase]
    case "read":
      return [change.action, change.offset]
    default:
      return [change.action, change.offset, change.mark, change.reaction]
  }
}

/** Rows that belong to a record and leave with it. */
export function rowsBeside(channel: ChannelState, offset: number, { changes }: MessageRecord): readonly string[] {
  if (changes === undefined) return []
  const versions = changes.kept.map((version) => versionKey(channel.id, offset, version))
  return changes.reactions === undefined ? versions : [...versions, reactionsKey(channel.id, offset)]
}
