import type { Retention } from "@magpie/protocol"
import { ageKey, messageKey } from "../rows/keys.ts"
import { messageTime } from "../rows/message-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { encodeText } from "../rows/system-rows.ts"
import type { ChannelState, Channels } from "./channels.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Messages that one publish may push out of history, so that a lowered maximum is reached step by step. */
const TRIMMED_PER_PUBLISH = 64

/** Lets messages leave history by count and by age. The oldest always leave first, so what is kept has no hole. */
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
    for (let trimmed = 0; trimmed < TRIMMED_PER_PUBLISH && channel.newest - channel.first + 1 > maxCount; trimmed++) {
      this.#pending.remove(messageKey(channel.messagePrefix, channel.first))
      channel.first++
      channel.trimmedBy = "count"
    }
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
    const begin = channel.first
    const end = Math.min(channel.newest, begin + budget - 1)
    let oldest = cutoff
    while (channel.first <= end) {
      const key = messageKey(channel.messagePrefix, channel.first)
      const row = this.#pending.get(key)
      // A damaged message has no time; it leaves with its neighbours.
      const at = row !== undefined && isIntact(row) ? messageTime(row) : 0
      if (at > cutoff) {
        oldest = at
        break
      }
      this.#pending.remove(key)
      channel.first++
      channel.trimmedBy = "age"
    }
    if (channel.first > channel.newest) channel.agedAt = 0
    else this.#index(channel, oldest)
    return channel.first - begin + 1
  }

  #index(channel: ChannelState, at: number): void {
    channel.agedAt = at
    this.#pending.put(ageKey(channel.pattern, at, channel.id), encodeText(this.#writer, channel.name))
  }
}
