import { appended, type Change, type MessageRecord } from "@magpie/journal"
import {
  type ChangeAction,
  isReaction,
  type JsonText,
  type Limits,
  MagpieError,
  type MessageChanges,
  type StreamKind,
  toJsonText,
  validateMessage,
} from "@magpie/protocol"

export type ChangeLimits = Pick<Limits, "appendedBytes" | "messageVersions" | "reactionsPerMessage">

/** What is to be done to a message. */
export interface WantedChange {
  readonly action: ChangeAction
  readonly data?: unknown
  readonly reaction?: string | undefined
  readonly erase?: boolean | undefined
}

/** A message that is to be changed, and where it stands. */
export interface ChangeTarget {
  readonly offset: number
  readonly record: MessageRecord
}

/** A change as the log takes it, and what the message then says where that is known. */
export interface CheckedChange {
  readonly change: Change
  readonly data?: unknown
}

/** What the contract says of an action on messages of that name. */
export function saidOf(kind: StreamKind, name: string, action: ChangeAction): MessageChanges[keyof MessageChanges] {
  const its = Object.hasOwn(kind.changes, name) ? kind.changes[name] : undefined
  return action === "react" || action === "unreact" ? its?.reactions : its?.[action]
}

/**
 * Checks a change against the contract: whether it has it at all, and whether the message's schema takes what the message
 * will say. Fails with BAD_REQUEST naming the field, or TOO_LARGE.
 */
export function changeOf(kind: StreamKind, { offset, record }: ChangeTarget, wanted: WantedChange, limits: ChangeLimits): CheckedChange {
  const { action, reaction = "", erase = false } = wanted
  const said = saidOf(kind, record.name, action)
  if (said === undefined || said === false) throw badRequest("action", `the contract has no ${action} of "${record.name}"`)
  const target = { offset, mark: record.mark }
  const keep = kind.changes[record.name]?.versions === true ? limits.messageVersions : 0
  switch (action) {
    case "edit": {
      if (wanted.data === undefined) throw badRequest("data", "an edit needs data")
      const data = validateMessage(kind, record.name, wanted.data)
      return { change: { action, ...target, data: toJsonText(data), keep }, data }
    }
    case "append":
      return append(kind, { offset, record }, String(said), wanted.data, limits.appendedBytes)
    case "delete":
      return { change: { action, ...target, erase, keep } }
    default:
      if (!(Array.isArray(said) ? said.includes(reaction) : isReaction(reaction)))
        throw badRequest("reaction", `"${record.name}" takes no reaction of that name`)
      return { change: { action, ...target, reaction, most: limits.reactionsPerMessage } }
  }
}

function append(kind: StreamKind, { offset, record }: ChangeTarget, field: string, addition: unknown, maxBytes: number): CheckedChange {
  if (typeof addition !== "string" && !Array.isArray(addition)) throw badRequest("data", "an append needs a text or a list")
  const data: JsonText = toJsonText(addition)
  const grown = record.changes?.deleted === undefined ? appended(record.data, field, data) : record.data
  if (grown === undefined) throw badRequest("data", `"${field}" holds another kind of value`)
  // What is appended at the same time is not seen here; the log knows, and holds all of it to its length.
  if (grown.length > maxBytes)
    throw new MagpieError("TOO_LARGE", `data would be longer than ${maxBytes} bytes`, { details: { limit: "appendedBytes" } })
  const whole = record.changes?.deleted === undefined ? validateMessage(kind, record.name, JSON.parse(grown)) : undefined
  return { change: { action: "append", offset, mark: record.mark, field, data, maxBytes }, data: whole }
}

function badRequest(field: string, why: string): MagpieError {
  return new MagpieError("BAD_REQUEST", why, { details: { field } })
}
