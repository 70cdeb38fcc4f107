import { MOST_REACTIONS } from "@magpie/protocol"
import type { Change } from "../entry.ts"
import { markText } from "../rows/message-row.ts"

/** A message as the reference has it: everything that it ever was, in plain values. */
export interface ReferenceMessage {
  readonly offset: number
  readonly at: number
  readonly name: string
  readonly from: string | undefined
  data: string
  version: number
  edits: number
  appends: number
  isDeleted: boolean
  /** What it said before, by the version from which on it said so. */
  earlier: { readonly version: number; readonly data: string }[]
  saidSince: number
  readonly reactions: Map<string, string[]>
}

export interface ReferenceReceipt {
  readonly upTo: number
  readonly offset: number
}

/** What stands in a channel beside its messages: at the offset of each last change, of which message or whose receipt. */
export interface ReferencePointer {
  readonly offset: number
  readonly at: number
  readonly target: number | undefined
  readonly user: string | undefined
}

export interface ChangeableChannel {
  messages: ReferenceMessage[]
  pointers: ReferencePointer[]
  newest: number
  readonly marks: Map<number, string | undefined>
  readonly receipts: Map<string, ReferenceReceipt>
}

/** What a change comes to: a refusal, the place where it is so already, or what it does once it has an offset. */
type Verdict = { readonly refused: string } | { readonly standing: number } | { readonly apply: (version: number, at: number) => void }

export function judged(channel: ChangeableChannel, change: Change, user: string): Verdict {
  if (change.action === "read") return judgedReceipt(channel, change, user)
  const message = channel.messages.find(({ offset }) => offset === change.offset)
  if (message === undefined || channel.marks.get(change.offset) !== markText(change.mark)) return { refused: "UNRECOVERABLE" }
  if (message.isDeleted && !(change.action === "delete" && change.erase))
    return change.action === "delete" ? { standing: message.version } : { refused: "CONFLICT" }
  const act = actionOn(message, change, user)
  if (typeof act !== "function") return act
  return {
    apply(version, at) {
      act(version)
      channel.pointers = channel.pointers.filter(({ target }) => target !== message.offset)
      channel.pointers.push({ offset: version, at, target: message.offset, user: undefined })
      message.version = version
    },
  }
}

function judgedReceipt(channel: ChangeableChannel, { offset, most }: { offset: number; most: number }, user: string): Verdict {
  const before = channel.receipts.get(user)
  if (offset > channel.newest) return { refused: "CONFLICT" }
  if (before !== undefined && before.upTo >= offset) return { standing: before.offset }
  if (before === undefined && channel.receipts.size >= most) return { refused: "LIMIT_EXCEEDED" }
  return {
    apply(version, at) {
      channel.receipts.set(user, { upTo: offset, offset: version })
      channel.pointers = channel.pointers.filter((pointer) => pointer.user !== user)
      channel.pointers.push({ offset: version, at, target: undefined, user })
    },
  }
}

function actionOn(
  message: ReferenceMessage,
  change: Exclude<Change, { action: "read" }>,
  user: string,
): Verdict | ((version: number) => void) {
  const keep = (version: number, most: number): void => {
    const earlier = [...message.earlier, { version: message.saidSince, data: message.data }]
    message.earlier = earlier.slice(Math.max(0, earlier.length - most))
    message.saidSince = version
  }
  switch (change.action) {
    case "edit":
      return (version) => {
        keep(version, change.keep)
        message.data = change.data
        message.edits++
      }
    case "append": {
      const value = JSON.parse(message.data)
      if (typeof value?.[change.field] !== "string") return { refused: "BAD_REQUEST" }
      const grown = JSON.stringify({ ...value, [change.field]: value[change.field] + JSON.parse(change.data) })
      if (grown.length > change.maxBytes) return { refused: "TOO_LARGE" }
      return (version) => {
        message.data = grown
        message.appends++
        message.saidSince = version
      }
    }
    case "delete":
      return (version) => {
        keep(version, change.keep)
        if (change.erase) message.earlier = []
        message.data = "null"
        message.isDeleted = true
        message.reactions.clear()
      }
    default:
      return reacted(message, change, user)
  }
}

function reacted(
  message: ReferenceMessage,
  { action, reaction, most }: Extract<Change, { readonly action: "react" | "unreact" }>,
  user: string,
): Verdict | (() => void) {
  const users = message.reactions.get(reaction) ?? []
  const adds = action === "react"
  if (users.includes(user) === adds) return { standing: message.version }
  const all = [...message.reactions.values()].flat()
  if (adds && (all.length >= most || (users.length === 0 && message.reactions.size >= MOST_REACTIONS))) return { refused: "LIMIT_EXCEEDED" }
  return () => {
    const now = adds ? [...users, user] : users.filter((each) => each !== user)
    if (now.length === 0) message.reactions.delete(reaction)
    else message.reactions.set(reaction, now)
  }
}

/** Whatever stands in the channel, in its order. */
export function standing(channel: ChangeableChannel): readonly { readonly offset: number; readonly at: number }[] {
  return [...channel.messages, ...channel.pointers].sort((a, b) => a.offset - b.offset)
}

/** What stands first leaves. True where that was a message. */
export function leaveFirst(channel: ChangeableChannel): boolean {
  const first = standing(channel)[0]
  const pointer = channel.pointers.find((each) => each === first)
  if (pointer === undefined) {
    channel.messages.shift()
    return true
  }
  channel.pointers = channel.pointers.filter((each) => each !== pointer)
  if (pointer.user !== undefined) channel.receipts.delete(pointer.user)
  return false
}

export function firstOffset(channel: ChangeableChannel): number {
  return standing(channel)[0]?.offset ?? channel.newest + 1
}
