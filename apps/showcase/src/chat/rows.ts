import { startOfDay } from "@magpie/frame"
import type { GapItem, OutgoingItem, StoredItem, Timeline } from "./timeline.ts"

export interface MessageRow {
  readonly type: "message"
  readonly key: string
  readonly item: StoredItem | OutgoingItem
  /** First of a run by one author: shows the name. */
  readonly first: boolean
}

export type Row =
  | { readonly type: "top"; readonly key: string }
  | { readonly type: "day"; readonly key: string; readonly at: number }
  | { readonly type: "gap"; readonly key: string; readonly item: GapItem }
  | MessageRow

const RUN_MS = 5 * 60_000

/** What the list draws, from top to bottom. Keys that begin with `~` belong to rows that move when earlier ones are loaded. */
export function rowsOf(timeline: Timeline): readonly Row[] {
  const rows: Row[] = [{ type: "top", key: "~top" }]
  let before: StoredItem | OutgoingItem | undefined
  let day: number | undefined
  for (const item of [...timeline.items, ...timeline.outgoing]) {
    if (item.type === "gap") {
      rows.push({ type: "gap", key: item.key, item })
      before = undefined
      continue
    }
    const newDay = startOfDay(item.at) !== day
    day = startOfDay(item.at)
    if (newDay) rows.push({ type: "day", key: `~day ${rows.length}`, at: item.at })
    rows.push({ type: "message", key: keyOf(item), item, first: newDay || !sameRun(before, item) })
    before = item
  }
  return rows
}

function keyOf(item: StoredItem | OutgoingItem): string {
  return item.type === "stored" ? item.key : item.ref
}

function sameRun(before: StoredItem | OutgoingItem | undefined, item: StoredItem | OutgoingItem): boolean {
  return before !== undefined && before.author === item.author && isOwn(before) === isOwn(item) && item.at - before.at < RUN_MS
}

export function isOwn(item: StoredItem | OutgoingItem): boolean {
  return item.type === "outgoing" || item.own
}
