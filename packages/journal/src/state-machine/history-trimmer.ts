import type { Retention } from "@magpie/protocol"
import { ageKey, messageKey, messageRange } from "../rows/keys.ts"
import { messageTime } from "../rows/message-row.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { encodeText } from "../rows/system-rows.ts"
import type { ChannelState, Channels } from "./channels.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Messages that one publish may push out of history, so that a lowered maximum is reached step by step. */
const TRIMMED_PER_PUBLISH = 64
const FIRST_READ = 8
const LONGEST_READ = 256

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
  added(channel: ChannelState, at: number, { maxCount }: Required<Retention>): void {
    if (channel.agedAt === 0) this.#index(channel, at)
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

  /** Drops messages from before or at `cutoff`, at most `budget`. Returns how many rows that took. */
  expire(channel: ChannelState, cutoff: number, budget: number): number {
    this.#channels.changed(channel)
    this.#pending.remove(ageKey(channel.pattern, channel.agedAt, channel.id))
    const end = Math.min(channel.newest, channel.first + budget - 1)
    const begin = channel.first
    let oldest: number | undefined
    for (let length = FIRST_READ; oldest === undefined && channel.first <= end; length = Math.min(length * 2, LONGEST_READ)) {
      oldest = this.#expireRun(channel, Math.min(end, channel.first + length - 1), cutoff)
    }
    if (channel.first > channel.newest) channel.agedAt = 0
    else this.#index(channel, oldest ?? cutoff)
    return channel.first - begin + 1
  }

  /** Drops old messages up to `last`. Returns the time of the first that stays, or undefined when none of the run does. */
  #expireRun(channel: ChannelState, last: number, cutoff: number): number | undefined {
    const times = new Map<string, number>()
    for (const row of this.#pending.first(messageRange(channel.id, channel.first, last), last - channel.first + 1)) {
      if (isIntact(row.value)) times.set(row.key, messageTime(row.value))
    }
    while (channel.first <= last) {
      const key = messageKey(channel.messagePrefix, channel.first)
      // A damaged message has no time; it leaves with its neighbours.
      const at = times.get(key) ?? 0
      if (at > cutoff) return at
      this.#pending.remove(key)
      channel.first++
      channel.trimmedBy = "age"
    }
    return undefined
  }

  #index(channel: ChannelState, at: number): void {
    channel.agedAt = at
    this.#pending.put(ageKey(channel.pattern, at, channel.id), encodeText(this.#writer, channel.name))
  }
}
