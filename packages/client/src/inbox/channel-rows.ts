import type { Position, StoredMessage } from "@magpie/protocol"
import { checkRow, count, optional, text } from "../lanes/row-fields.ts"

/** What an inbox keeps of one channel: its newest messages without a hole, and the position of the last. */
export interface ChannelRows {
  readonly position: Position
  /** Oldest first. */
  readonly messages: readonly StoredMessage[]
}

/** A name cannot hold a line feed, so that no channel's rows are taken for another's. */
const BEHIND_NAME = "\n"
/** Enough for offsets to sort as texts. */
const OFFSET_DIGITS = 16

export const positionKey = (channel: string): string => channel + BEHIND_NAME
export const messageKey = (channel: string, offset: number): string => positionKey(channel) + String(offset).padStart(OFFSET_DIGITS, "0")

/** Undefined where nothing is kept. Fails with UNRECOVERABLE on what nobody has written. */
export function readChannelRows(rows: ReadonlyMap<string, unknown>, channel: string): ChannelRows | undefined {
  const [first = "", ...keys] = keysOf(rows, channel)
  const position = rows.get(positionKey(channel))
  if (position === undefined) return undefined
  checkRow(first, position, POSITION)
  const messages = keys.map((key) => {
    const row = rows.get(key) as StoredMessage
    checkRow(key, row, { ...MESSAGE, offset: (offset) => key === messageKey(channel, Number(offset)) })
    return row
  })
  return { position: position as Position, messages }
}

/** Of everything that is kept of a channel, in order, the position first. */
export function keysOf(rows: ReadonlyMap<string, unknown>, channel: string): readonly string[] {
  return [...rows.keys()].filter((key) => key.startsWith(positionKey(channel))).sort()
}

/** What the protocol allows in names and references, and in epochs and marks. */
const [SHORT, MARK] = [text(64), optional(text(16))]
const POSITION = { epoch: text(32), offset: count(0), mark: MARK }
const MESSAGE = {
  name: SHORT,
  data: (data: unknown) => data !== undefined,
  at: (at: unknown) => typeof at === "number",
  mark: MARK,
  from: optional(text(256)),
  ref: optional(SHORT),
  changed: optional((changed) => count(0)(Object(changed).version)),
}
