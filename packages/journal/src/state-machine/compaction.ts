import { crc32Text } from "../checksum.ts"
import type { Outcome } from "../durable-log.ts"
import type { CompactEntry } from "../entry.ts"
import { messageKey } from "../rows/keys.ts"
import { decodeRow, encodeMessageRow, isPointer, markText } from "../rows/message-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { Channels } from "./channels.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** From these rules on, the beginning of a log can be joined. */
export const COMPACTED_SINCE = 8

/** Messages that one entry may join, so that applying it stays short. */
export const MOST_COMPACTED = 16_384

/**
 * Puts one message in the place of all messages up to an offset, under the mark of the last of them: who was there or further goes
 * on as if nothing had happened, and who was not there yet finds the log beginning with it. Takes no offset.
 */
export function compact(
  { channel: name, upTo, mark, name: message, data }: CompactEntry,
  channels: Channels,
  state: MachineState,
  pending: PendingWrites,
  writer: RowWriter,
): Outcome {
  const channel = channels.find(name)
  if (channel === undefined || upTo < channel.first || upTo > channel.newest) return { result: "refused", code: "UNRECOVERABLE" }
  // What changes point to has to stay where it is, and rows and commands are no messages.
  const isPlain = channel.table === undefined && channel.commands === undefined && channel.pointers === 0 && channel.holes === 0
  if (!isPlain) return { result: "refused", code: "BAD_REQUEST" }
  if (upTo - channel.first >= MOST_COMPACTED) return { result: "refused", code: "LIMIT_EXCEEDED" }
  const key = messageKey(channel.messagePrefix, upTo)
  const row = pending.get(key)
  const last = row === undefined || !isIntact(row) ? undefined : decodeRow(row)
  // Another message stands there than whoever read them has read.
  if (last === undefined || isPointer(last) || last.mark !== mark) return { result: "refused", code: "CONFLICT" }
  for (let offset = channel.first; offset < upTo; offset++) pending.remove(messageKey(channel.messagePrefix, offset))
  pending.put(key, encodeMessageRow(writer, { at: last.at, mark, name: message, from: undefined, ref: undefined, data }))
  channel.first = upTo
  channel.trimmedBy = "count"
  channels.changed(channel)
  state.mix(crc32Text(data, mark))
  return { result: "stored", position: { epoch: state.epoch ?? "", offset: upTo, mark: markText(mark) } }
}
