import type { Retention } from "@magpie/protocol"
import { ageKey, messageKey, messageRange, readSortable, receiptKey } from "../rows/keys.ts"
import { decodeRow, isPointer, messageTime } from "../rows/message-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { encodeText } from "../rows/system-rows.ts"
import { rowsBeside } from "./changes.ts"
import type { ChannelState, Channels } from "./channels.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Messages that one publish may push out of history, so that a lowered maximum is reached step by step. */
const TRIMMED_PER_PUBLISH = 64
/** The same, with the pointers of changes. */
const ROWS_PER_PUBLISH = 1_024

/**
 * Lets messages leave history by count and by age. The oldest always leave first, so what is kept goes on to the newest. Only
 * messages are counted: however often one is changed, it pushes out no other.
 */
export class HistoryTrimmer {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #channels: Channels

  constructor(pending: PendingWrites, writer: RowWriter, channels: Channels) {
    this.#pending = pending
    this.#writer = writer
    this.#channels = channels
  }

  /** Called when a message was added: keeps the age index and the maximum count. */
  added(channel: ChannelState, at: number, { maxCount, maxAgeMs }: Required<Retention>): void {
    if (channel.agedAt === 0) this.#index(channel, at)
    // Overdue: its row of the index may have been damaged and dropped; where it was not, it is written as it is.
    else if (channel.agedAt + maxAgeMs <= at) this.#index(channel, channel.agedAt)
    for (let rows = 0, left = 0; left < TRIMMED_PER_PUBLISH && rows < ROWS_PER_PUBLISH && messagesIn(channel) > maxCount; rows++) {
      if (this.#leave(channel)) left++
      channel.trimmedBy = "count"
    }
    this.#passHoles(channel)
  }

  /** Removes what stands at the channel's first offset, with what belongs to it. False where that was the pointer of a change. */
  #leave(channel: ChannelState): boolean {
    const offset = channel.first++
    const key = messageKey(channel.messagePrefix, offset)
    const row = channel.pointers === 0 ? undefined : this.#pending.get(key)
    this.#pending.remove(key)
    // What a damaged row was is not known; mostly they are messages.
    const wasMessage = row === undefined || !isIntact(row) || this.#leaveBeside(channel, offset, row)
    this.#passHoles(channel)
    return wasMessage
  }

  /** False where the row is the pointer of a change. */
  #leaveBeside(channel: ChannelState, offset: number, row: Uint8Array): boolean {
    const found = decodeRow(row)
    if (!isPointer(found)) {
      for (const key of rowsBeside(channel, offset, found)) this.#pending.remove(key)
      return true
    }
    channel.pointers--
    if (found.kind === "receipt") {
      channel.receipts--
      this.#pending.remove(receiptKey(channel.id, found.from ?? ""))
    }
    return false
  }

  /** Something stands at the first offset, however many changes took those before it. */
  #passHoles(channel: ChannelState): void {
    const { first, holes, newest } = channel
    if (holes === 0 || first > newest || this.#pending.get(messageKey(channel.messagePrefix, first)) !== undefined) return
    channel.first = this.#nextOffset(channel)
    channel.holes = Math.max(0, holes - (channel.first - first))
  }

  #nextOffset({ id, messagePrefix, first, newest }: ChannelState): number {
    const key = this.#pending.firstKey(messageRange(id, first, newest))
    return key === undefined ? newest + 1 : readSortable(key, messagePrefix.length).value
  }

  /** Moves a channel to the settings of another pattern. */
  moved(channel: ChannelState, pattern: string): void {
    const { agedAt } = channel
    if (agedAt !== 0) this.#pending.remove(ageKey(channel.pattern, agedAt, channel.id))
    channel.pattern = pattern
    if (agedAt !== 0) this.#index(channel, agedAt)
  }

  /**
   * Drops messages from before or at `cutoff` of the channel that a row of the age index names, at most `budget`. A row
   * that is damaged or names another place is dropped alone, or it would be due for ever [F107]. Returns how many rows
   * that took.
   */
  expire(indexKey: string, channel: ChannelState | undefined, cutoff: number, budget: number): number {
    this.#pending.remove(indexKey)
    if (channel === undefined || indexKey !== ageKey(channel.pattern, channel.agedAt, channel.id)) return 1
    this.#channels.changed(channel)
    let oldest = cutoff
    let took = 1
    for (; channel.first <= channel.newest && took <= budget; took++) {
      const key = messageKey(channel.messagePrefix, channel.first)
      const row = this.#pending.get(key)
      // A damaged message has no time; it leaves with its neighbours.
      const at = row !== undefined && isIntact(row) ? messageTime(row) : 0
      if (at > cutoff) {
        oldest = at
        break
      }
      this.#leave(channel)
      channel.trimmedBy = "age"
    }
    if (channel.first > channel.newest) {
      channel.agedAt = 0
      // Where a damaged row left, these may have been counted wrongly.
      channel.pointers = channel.holes = channel.receipts = 0
    } else this.#index(channel, oldest)
    return took
  }

  #index(channel: ChannelState, at: number): void {
    channel.agedAt = at
    this.#pending.put(ageKey(channel.pattern, at, channel.id), encodeText(this.#writer, channel.name))
  }
}

function messagesIn({ first, newest, pointers, holes }: ChannelState): number {
  return newest - first + 1 - pointers - holes
}
