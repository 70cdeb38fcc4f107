import { crc32Text } from "../checksum.ts"
import { type ChannelRow, decodeChannelRow, encodeChannelRow } from "../rows/channel-row.ts"
import { channelKey, messagePrefix } from "../rows/keys.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { GenerationCache } from "./generation-cache.ts"
import type { PendingWrites } from "./pending-writes.ts"

const CACHED_CHANNELS = 10_000

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A channel in memory; its row is written once per batch, however many of its messages the batch holds. */
export interface ChannelState extends Writable<ChannelRow> {
  readonly name: string
  readonly messagePrefix: string
}

export class Channels {
  readonly #pending: PendingWrites
  readonly #cache = new GenerationCache<ChannelState>(CACHED_CHANNELS)
  readonly #changed = new Set<ChannelState>()

  constructor(pending: PendingWrites) {
    this.#pending = pending
  }

  find(name: string): ChannelState | undefined {
    const cached = this.#cache.get(name)
    if (cached !== undefined) return cached
    const row = this.#pending.getIntact(channelKey(name))
    return row === undefined ? undefined : this.#keep(name, decodeChannelRow(row))
  }

  create(name: string, id: number, pattern: string): ChannelState {
    // Starting each chain of marks from the name keeps equal messages of two channels apart.
    return this.#keep(name, {
      id,
      pattern,
      first: 1,
      newest: 0,
      mark: crc32Text(name),
      agedAt: 0,
      trimmedBy: "none",
      pointers: 0,
      holes: 0,
      receipts: 0,
    })
  }

  changed(channel: ChannelState): void {
    this.#changed.add(channel)
  }

  flush(writer: RowWriter): void {
    for (const channel of this.#changed) this.#pending.put(channelKey(channel.name), encodeChannelRow(writer, channel))
    this.#changed.clear()
  }

  committed(): void {
    this.#cache.age()
  }

  discard(): void {
    this.#cache.clear()
    this.#changed.clear()
  }

  #keep(name: string, row: ChannelRow): ChannelState {
    const state: ChannelState = { ...row, name, messagePrefix: messagePrefix(row.id) }
    this.#cache.set(name, state)
    return state
  }
}
