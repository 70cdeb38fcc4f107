import { type ChangeRequest, type DurableLog, markText } from "@magpie/journal"
import { type ChannelMatch, type Limits, MagpieError } from "@magpie/protocol"
import { changeOf, type WantedChange } from "./change-of.ts"

/** Which message, and what is known of it. */
export interface ServerTarget {
  readonly offset: number
  readonly mark?: string | undefined
  readonly name?: string | undefined
}

/**
 * A change by somebody who may do whatever the contract has. Fails with BAD_REQUEST, TOO_LARGE, or UNRECOVERABLE where the message
 * is not in history.
 */
export function serverChange(
  { log, limits }: { readonly log: Pick<DurableLog, "find">; readonly limits: Limits },
  channel: string,
  { kind, pattern }: ChannelMatch,
  { offset, mark, name }: ServerTarget,
  wanted: WantedChange,
): Pick<ChangeRequest, "channel" | "pattern" | "change"> {
  if (kind.kind !== "stream")
    throw new MagpieError("BAD_REQUEST", "only streams hold messages that change", { details: { field: "channel" } })
  const record = log.find(channel, offset)
  if (record === undefined || (name ?? record.name) !== record.name || (mark ?? markText(record.mark)) !== markText(record.mark))
    throw new MagpieError("UNRECOVERABLE", "the message is not in history", { details: { channel, offset } })
  return { channel, pattern, change: changeOf(kind, { offset, record }, wanted, limits).change }
}
