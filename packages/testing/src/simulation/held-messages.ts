import type { DurableLog, Page } from "@magpie/journal"

export const EVERYTHING = { maxCount: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER }

/** All that a log holds of a channel, up to its newest message. `more` says that something in front of it is missing. */
export function heldMessages(log: DurableLog, channel: string): Page {
  return log.readBefore(channel, log.newest(channel).offset + 1, EVERYTHING)
}
