import { CHANGE, type JsonText, type Publication, READ, type ReadReceipt, storedMessageText } from "@magpie/protocol"
import type { MessageVersion } from "./durable-log.ts"
import type { ChannelRow } from "./rows/channel-row.ts"
import { messageKey, messagePrefix, receiptKey, receiptsOf, versionKey } from "./rows/keys.ts"
import { decodeRow, isPointer, type MessageRecord, markText, messageTime, type Pointer, publicationOf } from "./rows/message-row.ts"
import { isIntact, RowReader } from "./rows/row-reader.ts"
import { decodeReceiptRow } from "./state-machine/receipts.ts"
import type { Storage } from "./storage/storage.ts"

/** The message at an offset as it is now; undefined where none is, or a damaged one. */
export function recordAt(storage: Storage, row: ChannelRow, offset: number): MessageRecord | undefined {
  if (offset < row.first || offset > row.newest) return undefined
  const value = intact(storage, messageKey(messagePrefix(row.id), offset))
  const found = value === undefined ? undefined : decodeRow(value)
  return found === undefined || isPointer(found) ? undefined : found
}

/** What a change is for whoever was not told of it: the message as it is now, or that it has left history meanwhile. */
export function changeAt(storage: Storage, row: ChannelRow, channel: string, offset: number, pointer: Pointer): Publication {
  const { at, from, ref, kind } = pointer
  const head = { channel, offset, mark: markText(pointer.mark), at, from, ref }
  if (kind === "receipt") return { ...head, name: READ, data: JSON.stringify({ upTo: pointer.offset }) as JsonText }
  const record = recordAt(storage, row, pointer.offset)
  const target = `"offset":${pointer.offset}`
  if (record === undefined) return { ...head, name: CHANGE, data: `{"action":"gone",${target}}` as JsonText }
  const text = storedMessageText(publicationOf(record, channel, pointer.offset))
  return { ...head, name: CHANGE, data: `{"action":"changed",${target},"record":${text}}` as JsonText }
}

export function versionsAt(storage: Storage, row: ChannelRow, offset: number): readonly MessageVersion[] {
  const kept = recordAt(storage, row, offset)?.changes?.kept ?? []
  return kept.flatMap((version) => {
    const value = intact(storage, versionKey(row.id, offset, version))
    if (value === undefined) return []
    const reader = new RowReader(value)
    const [at, by] = [reader.number(), reader.optional()]
    // It was JSON text when it was stored, and the row's checksum says that it is the same text.
    return [{ version, at, by, data: reader.text() as JsonText }]
  })
}

export function receiptsIn(storage: Storage, row: ChannelRow, after: string, limit: number): readonly ReadReceipt[] {
  if (row.receipts === 0) return []
  const prefix = receiptKey(row.id, "").length
  return Array.from(storage.range({ ...receiptsOf(row.id, after), limit })).flatMap(({ key, value }) => {
    if (!isIntact(value)) return []
    const { upTo, offset } = decodeReceiptRow(value)
    const said = intact(storage, messageKey(messagePrefix(row.id), offset))
    return [{ user: key.slice(prefix), upTo, at: said === undefined ? 0 : messageTime(said) }]
  })
}

function intact(storage: Storage, key: string): Uint8Array | undefined {
  const value = storage.get(key)
  return value !== undefined && isIntact(value) ? value : undefined
}
