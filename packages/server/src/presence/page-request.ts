import { type Limits, MagpieError } from "@magpie/protocol"
import type { Room } from "./room.ts"

/** Members in a page whose request names no limit. */
const PAGE_LENGTH = 100

/** How many members a page has at most. */
export function pageLength(wanted: number | undefined, { presencePage }: Limits): number {
  return Math.min(wanted ?? PAGE_LENGTH, presencePage)
}

/** Where the next page begins; it means something to this node only, and as long as it keeps the room. */
export function cursorOf(room: Room, order: number | undefined): string | undefined {
  return order === undefined ? undefined : `${room.epoch}.${order}`
}

/** Reads a cursor. Fails with EXPIRED where it comes from elsewhere. */
export function readCursor(room: Room, cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const [epoch, order] = cursor.split(".")
  const after = Number(order)
  if (epoch !== room.epoch || !Number.isSafeInteger(after)) throw new MagpieError("EXPIRED", "the cursor is of another snapshot")
  return after
}
