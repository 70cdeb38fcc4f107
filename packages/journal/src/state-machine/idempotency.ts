import { idempotencyKey, memoryKey } from "../rows/keys.ts"
import { RowReader } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { roundedUp } from "./recall.ts"
import { EMPTY } from "./sequences.ts"

export interface KeyRecord {
  readonly offset: number
  readonly mark: number
  readonly content: number
}

/** What each idempotency key of a channel stands for, for as long as sequences are remembered [G2]. */
export class IdempotencyKeys {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  find(channelId: number, key: string): KeyRecord | undefined {
    const row = this.#pending.getIntact(idempotencyKey(channelId, key))
    if (row === undefined) return undefined
    const reader = new RowReader(row)
    return { offset: reader.number(), mark: reader.u32(), content: reader.u32() }
  }

  record(channelId: number, key: string, at: number, windowMs: number, { offset, mark, content }: KeyRecord): void {
    this.#pending.put(idempotencyKey(channelId, key), this.#writer.begin().number(offset).u32(mark).u32(content).end())
    this.#pending.put(memoryKey(roundedUp(at, windowMs), "k", channelId, key), EMPTY)
  }

  forget(memory: { channelId: number; name: string; since: number }): number {
    this.#pending.remove(memoryKey(memory.since, "k", memory.channelId, memory.name))
    this.#pending.remove(idempotencyKey(memory.channelId, memory.name))
    return 1
  }
}
