import type { ChangeEntry } from "../entry.ts"
import { messageKey, receiptKey } from "../rows/keys.ts"
import { decodeRow } from "../rows/message-row.ts"
import { RowReader } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { ChannelState } from "./channels.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Up to where a user has read, and at which offset he said so. */
export interface ReceiptRow {
  readonly upTo: number
  readonly offset: number
}

export function decodeReceiptRow(bytes: Uint8Array): ReceiptRow {
  const reader = new RowReader(bytes)
  return { upTo: reader.number(), offset: reader.number() }
}

type Judged =
  | { readonly refused: "LIMIT_EXCEEDED" | "CONFLICT" }
  | { readonly standing: { readonly offset: number; readonly mark: number } }
  | { write(version: number): void }

/** Up to where each user has read: one row a user and channel, and the newest place wins. */
export class Receipts {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  judge({ from = "" }: ChangeEntry, upTo: number, most: number, channel: ChannelState): Judged {
    if (upTo > channel.newest) return { refused: "CONFLICT" }
    const key = receiptKey(channel.id, from)
    const row = this.#pending.getIntact(key)
    const before = row === undefined ? undefined : decodeReceiptRow(row)
    if (before !== undefined && before.upTo >= upTo) return { standing: this.#standing(channel, before.offset) }
    if (before === undefined && channel.receipts >= most) return { refused: "LIMIT_EXCEEDED" }
    return {
      write: (version) => {
        if (before === undefined) {
          channel.receipts++
          channel.pointers++
        } else {
          this.#pending.remove(messageKey(channel.messagePrefix, before.offset))
          channel.holes++
        }
        this.#pending.put(key, this.#writer.begin().number(upTo).number(version).end())
      },
    }
  }

  #standing(channel: ChannelState, offset: number): { offset: number; mark: number } {
    const row = this.#pending.getIntact(messageKey(channel.messagePrefix, offset))
    return { offset, mark: row === undefined ? 0 : decodeRow(row).mark }
  }
}
