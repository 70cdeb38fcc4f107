import { toMagpieError } from "@magpie/protocol"
import type { Context } from "../context.ts"
import { createLaneWriter } from "../lanes/lane-writer.ts"
import type { Lane } from "../lanes/lanes.ts"
import { type KeptItem, rowOf } from "./kept-item.ts"
import { type Kept, messageKey, numbersKey, OWNER, type OwnerRow, ownerRow, readRows } from "./rows.ts"

/**
 * The rows of one outbox. What is noted here is written in the order of the calls, and everything of one turn together: where
 * it cannot be written, that is reported and it goes with what comes next.
 */
export interface OutboxBook {
  /** As it was when the lane was opened. */
  readonly kept: Kept
  /** Whether something is on its way to the disk. */
  readonly busy: boolean
  /** The highest number that a message of the channel has used up, or may have. */
  lastOf(channel: string): number
  /** Resolves when the item's row is durable, and with it the number that the item has. Fails as a lane does. */
  save(item: KeptItem): Promise<void>
  /** Its number, if it has one, is used up from now on. */
  remove(item: KeptItem): void
  /** Numbers of another producer or user mean nothing to this one. */
  own(owner: OwnerRow, forgetNumbers: boolean): void
  /** Nothing of an earlier owner is of use. */
  clear(): void
  /** Lets the lane go; one without messages is left without rows. */
  close(isEmpty: boolean): Promise<void>
}

type Row = readonly [key: string, value: unknown]

/** `onKept` hears of each item whose row is durable for the first time. Fails with INVALID_OPTIONS on rows of another version. */
export function openOutboxBook(lane: Lane, onError: Context["onError"], onKept: (item: KeptItem) => void): OutboxBook {
  const kept = readRows(lane.rows)
  const writer = createLaneWriter(lane)
  const numbers = new Map(kept.numbers)
  let places = kept.messages.at(-1)?.[0] ?? 0

  function note(...rows: Row[]): void {
    writer.write(new Map(rows)).catch((thrown) => onError(toMagpieError(thrown)))
  }

  function lastOf(channel: string): number {
    return numbers.get(channel)?.last ?? 0
  }

  function forgetNumbers(): void {
    note(...[...numbers.keys()].map((channel): Row => [numbersKey(channel), undefined]))
    numbers.clear()
  }

  return {
    kept,
    get busy() {
      return writer.busy
    },
    lastOf,
    async save(item) {
      const { sequence } = item
      item.place ??= ++places
      item.writing++
      try {
        await writer.write(new Map([[messageKey(item.place), rowOf(item)]]))
        item.keptSequence = sequence
        if (item.isKept) return
        item.isKept = true
        onKept(item)
      } finally {
        item.writing--
      }
    },
    remove({ channel, place, sequence = 0 }) {
      const rows: Row[] = place === undefined ? [] : [[messageKey(place), undefined]]
      if (sequence > lastOf(channel)) {
        numbers.set(channel, { last: sequence })
        rows.push([numbersKey(channel), numbers.get(channel)])
      }
      if (rows.length > 0) note(...rows)
    },
    own(owner, isOther) {
      if (isOther) forgetNumbers()
      note([OWNER, ownerRow(owner)])
    },
    clear() {
      forgetNumbers()
      note([OWNER, undefined])
    },
    async close(isEmpty) {
      if (isEmpty) this.clear()
      await writer.settled()
      await lane.close()
    },
  }
}
