import type { Position, StoredMessage } from "@magpie/protocol"

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

/** Undefined where nothing is kept. */
export function readChannelRows(rows: ReadonlyMap<string, unknown>, channel: string): ChannelRows | undefined {
  const prefix = positionKey(channel)
  const position = rows.get(prefix) as Position | undefined
  if (position === undefined) return undefined
  const keys = [...rows.keys()].filter((key) => key.startsWith(prefix) && key !== prefix).sort()
  return { position, messages: keys.map((key) => rows.get(key) as StoredMessage) }
}
