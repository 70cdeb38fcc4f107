import type { Changed, Reaction, StoredMessage } from "@magpie/protocol"
import type { Received } from "../channel.ts"

/** What a server says of a change, as the data of a message of the name `$change`. */
export type ChangeData = { readonly offset: number } & (
  | { readonly action: "edit"; readonly was: number; readonly data: unknown }
  | { readonly action: "append"; readonly was: number; readonly field: string; readonly data: string | readonly unknown[] }
  | { readonly action: "delete"; readonly was: number }
  | {
      readonly action: "react" | "unreact"
      readonly was: number
      readonly reaction: string
      readonly reactions: readonly Reaction[]
    }
  | { readonly action: "changed"; readonly record: StoredMessage }
  | { readonly action: "gone" }
)

/** A change as it was told: its offset is the version to which it brings the message. */
export type ChangeMessage = Received<"$change", ChangeData>

/** Of what was deleted only this is left. */
export const DELETED_NAME = "$deleted"

/** Which of two states of a message is newer: the one with the higher version. */
export function versionOf({ offset, changed }: Pick<Received, "offset" | "changed">): number {
  return changed?.version ?? offset ?? 0
}

/** Makes of a message of the server what a listener gets; undefined where its schema refuses it. */
type Read = (message: StoredMessage) => Received | undefined

/**
 * A message as a change makes it: the same one where it knows the change already, `missed` where it has not been told of a
 * change before this one and must be read anew, undefined where it has left history or its schema refuses what it says now.
 */
export function applyChange(message: Received, change: ChangeMessage, read: Read): Received | "missed" | undefined {
  const { data } = change
  const version = Number(change.offset)
  if (data.action === "gone") return undefined
  if (versionOf(message) >= version) return message
  if (data.action === "changed") return read(data.record)
  return data.was === versionOf(message) ? stepped(message, change, version, read) : "missed"
}

function stepped(message: Received, { at, from: by, data }: ChangeMessage, version: number, read: Read): Received | "missed" | undefined {
  const before = message.changed
  const stamp = (count = 0): Changed["edited"] => ({ at, count: count + 1, ...(by === undefined ? undefined : { by }) })
  switch (data.action) {
    case "edit":
      return read({ ...message, data: data.data, changed: { ...before, version, edited: stamp(before?.edited?.count) } })
    case "append": {
      const grown = joined(Object(message.data)[data.field], data.data)
      if (grown === undefined) return "missed"
      const appended = stamp(before?.appended?.count)
      return { ...message, data: { ...Object(message.data), [data.field]: grown }, changed: { ...before, version, appended } }
    }
    case "delete": {
      const { reactions: _, ...rest } = before ?? {}
      const name = message.name === DELETED_NAME ? message.data : { name: message.name }
      return {
        ...message,
        name: DELETED_NAME,
        data: name,
        changed: { ...rest, version, deleted: { at, ...(by === undefined ? undefined : { by }) } },
      }
    }
    case "react":
    case "unreact": {
      const { reactions: _, ...rest } = before ?? {}
      return { ...message, changed: { ...rest, version, ...(data.reactions.length > 0 && { reactions: data.reactions }) } }
    }
    default:
      // Of a newer server.
      return "missed"
  }
}

function joined(before: unknown, added: unknown): unknown {
  if (typeof before === "string" && typeof added === "string") return before + added
  return Array.isArray(before) && Array.isArray(added) ? [...before, ...added] : undefined
}
