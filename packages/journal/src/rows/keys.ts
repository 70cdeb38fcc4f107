/**
 * Where each row lies. Channels are named by a number that the log's order gives them, so that keys stay short; numbers are
 * written so that the order of the text is the order of the numbers, and where one ends is plain. Names cannot hold control
 * characters (checked at the door), so U+0001 ends a name.
 */
export const EPOCH_KEY = "g/epoch"
export const PROGRESS_KEY = "g/progress"
export const SETTINGS_KEY = "g/settings"
export const REVISION_KEY = "g/revision"
export const PAST_EPOCHS_KEY = "g/past-epochs"
/** Of this copy of the storage alone; no other node has the same. */
export const INCARNATION_KEY = "l/incarnation"

/** Above every character that a key holds after its prefix. */
const LAST = "\u{10ffff}"
const END_OF_NAME = "\u0001"

export interface KeyRange {
  readonly from: string
  readonly to: string
}

/** A whole number from 0 as text that sorts like the number: its count of base-36 digits, then the digits. */
export function sortable(value: number): string {
  const digits = value.toString(36)
  return digits.length.toString(36) + digits
}

/** Reads a number that `sortable` wrote at an index of a key, with the index after it. */
export function readSortable(key: string, index: number): { readonly value: number; readonly next: number } {
  const next = index + 1 + Number.parseInt(key.charAt(index), 36)
  return { value: Number.parseInt(key.slice(index + 1, next), 36), next }
}

export const channelKey = (channel: string): string => `c/${channel}`
export const isChannelKey = (key: string): boolean => key.startsWith("c/")
export const isMessageKey = (key: string): boolean => key.startsWith("m/")

/** In front of all messages of a channel. */
export const messagePrefix = (channelId: number): string => `m/${sortable(channelId)}`
export const messageKey = (prefix: string, offset: number): string => prefix + sortable(offset)

/** Messages from one offset to another, both included. */
export function messageRange(channelId: number, first: number, last: number): KeyRange {
  const prefix = messagePrefix(channelId)
  return { from: messageKey(prefix, first), to: messageKey(prefix, last + 1) }
}

export const producerKey = (channelId: number, producer: string): string => `p/${sortable(channelId)}${producer}`
export const sequencesKey = (channelId: number, producer: string, block: number): string =>
  `s/${sortable(channelId)}${producer}${END_OF_NAME}${sortable(block)}`
export const idempotencyKey = (channelId: number, key: string): string => `k/${sortable(channelId)}${key}`
/** How many newcomers a log has remembered, and one of them by its place. */
export const NEWCOMERS_KEY = "g/newcomers"
export const newcomerKey = (place: number): string => `f/${sortable(place)}`

/** What a message said before it was changed, by the version from which on it said so. */
export const versionKey = (channelId: number, offset: number, version: number): string =>
  `e/${sortable(channelId)}${sortable(offset)}${sortable(version)}`
/** Who reacted to a message. */
export const reactionsKey = (channelId: number, offset: number): string => `r/${sortable(channelId)}${sortable(offset)}`
/** Up to where a user has read. */
export const receiptKey = (channelId: number, user: string): string => `q/${sortable(channelId)}${user}`
/** Those of a channel after one user, in the order of their names; "" for all. */
export const receiptsOf = (channelId: number, after: string): KeyRange => ({
  from: receiptKey(channelId, after === "" ? "" : `${after}\0`),
  to: receiptKey(channelId, LAST),
})

/** A row of a table. */
export const rowKey = (channelId: number, key: string): string => `w/${sortable(channelId)}${key}`
/** Index: which row of a table was written last at which offset. */
export const rowIndexPrefix = (channelId: number): string => `i/${sortable(channelId)}`
export const rowIndexKey = (channelId: number, offset: number): string => rowIndexPrefix(channelId) + sortable(offset)
export const rowIndexRange = (channelId: number, first: number, last: number): KeyRange => ({
  from: rowIndexKey(channelId, first),
  to: rowIndexKey(channelId, last + 1),
})
export const isRowIndexKey = (key: string): boolean => key.startsWith("i/")
/** Index: which row was the how-manieth that left the table. */
export const deletedKey = (channelId: number, ordinal: number): string => `j/${sortable(channelId)}${sortable(ordinal)}`
/** A row's or a command's name among what has a moment of its own. */
export const rowDeadline = (channelId: number, key: string): string => sortable(channelId) + key
export const keyOfRowDeadline = (name: string): string => name.slice(readSortable(name, 0).next)

/** A command, by its id. */
export const commandKey = (channelId: number, id: string): string => `y/${sortable(channelId)}${id}`
/** Index: the commands that have not ended, in the order of their calls. */
const openCommandPrefix = (channelId: number): string => `z/${sortable(channelId)}`
export const openCommandKey = (channelId: number, offset: number): string => openCommandPrefix(channelId) + sortable(offset)
export const openCommandsAfter = (channelId: number, offset: number): KeyRange => ({
  from: openCommandKey(channelId, offset + 1),
  to: openCommandPrefix(channelId) + LAST,
})

/** Index: which command was the how-manieth of its channel that ended. */
export const endedCommandKey = (channelId: number, ordinal: number): string => `h/${sortable(channelId)}${sortable(ordinal)}`

/** Index: which channel's oldest message is from when, by pattern. The row holds the channel's name. */
export const ageKey = (pattern: string, oldestAt: number, channelId: number): string =>
  `a/${pattern}${END_OF_NAME}${sortable(oldestAt)}${sortable(channelId)}`
export const ageRange = (pattern: string, until: number): KeyRange => ({
  from: `a/${pattern}${END_OF_NAME}`,
  to: `a/${pattern}${END_OF_NAME}${sortable(until + 1)}`,
})
export const agesOf = (pattern: string): KeyRange => ({
  from: `a/${pattern}${END_OF_NAME}`,
  to: `a/${pattern}${END_OF_NAME}${LAST}`,
})
export const AGES: KeyRange = { from: "a/", to: `a/${LAST}` }
export const patternOf = (key: string): string => key.slice(2, key.indexOf(END_OF_NAME))
/** Where the index goes on after all channels of a pattern. */
export const nextPattern = (pattern: string): string => `a/${pattern}\u0002`
export const ageOf = (pattern: string, key: string): number => readSortable(key, 2 + pattern.length + 1).value

/** Index: what is remembered of producers ("p") and keys ("k") and since when at the latest. */
export const memoryKey = (since: number, kind: "p" | "k", channelId: number, name: string): string =>
  `t/${sortable(since)}${kind}${sortable(channelId)}${name}`
export const memoryRange = (until: number): KeyRange => ({ from: "t/", to: `t/${sortable(until + 1)}` })
export const MEMORIES: KeyRange = { from: "t/", to: `t/${LAST}` }

export interface Memory {
  readonly since: number
  readonly kind: "p" | "k"
  readonly channelId: number
  readonly name: string
}

export function readMemoryKey(key: string): Memory {
  const since = readSortable(key, 2)
  const channelId = readSortable(key, since.next + 1)
  return {
    since: since.value,
    kind: key.charAt(since.next) === "p" ? "p" : "k",
    channelId: channelId.value,
    name: key.slice(channelId.next),
  }
}

export const claimKey = (name: string): string => `x/${name}`
export const revocationKey = (subject: string): string => `v/${subject}`
export const REVOCATIONS: KeyRange = { from: "v/", to: `v/${LAST}` }
export const nodeKey = (node: string): string => `n/${node}`
export const NODES: KeyRange = { from: "n/", to: `n/${LAST}` }
export const originKey = (node: string): string => `o/${node}`

export const spentKey = (name: string): string => `u/${name}`

/** What has a moment of its own at which it is looked at: an origin, a node, a claim, a revocation, a spent name, a row of a table, a command. */
export type DeadlineKind = "o" | "n" | "c" | "v" | "u" | "w" | "y"

/** Index: what is looked at when. */
export const deadlineKey = (at: number, kind: DeadlineKind, name: string): string => `d/${sortable(at)}${kind}${name}`
export const deadlineRange = (until: number): KeyRange => ({ from: "d/", to: `d/${sortable(until + 1)}` })
export const DEADLINES: KeyRange = { from: "d/", to: `d/${LAST}` }

export interface Deadline {
  readonly at: number
  readonly kind: DeadlineKind
  readonly name: string
}

export function readDeadlineKey(key: string): Deadline {
  const { value, next } = readSortable(key, 2)
  return { at: value, kind: key.charAt(next) as DeadlineKind, name: key.slice(next + 1) }
}

/** Whether a key belongs to one of the indexes from which the next due time is read. */
export function isTimeKey(key: string): boolean {
  return key.startsWith("a/") || key.startsWith("t/") || key.startsWith("d/")
}
