import type { Entry } from "./entry.ts"

/** What one append or commit may hold, so that applying it does not hold up the event loop. */
export const BATCH_ENTRIES = 1_024
export const BATCH_BYTES = 1_048_576
/** What may wait for the disk or the broker; more is refused with UNAVAILABLE. */
export const PENDING_ENTRIES = 65_536
export const PENDING_BYTES = 67_108_864
/** An entry beside its data, roughly. */
const ENTRY_BYTES = 256

export interface Weight {
  readonly entries: number
  readonly bytes: number
}

export function weightOf(entries: readonly Entry[]): Weight {
  let bytes = 0
  for (const entry of entries) bytes += dataOf(entry).length + ENTRY_BYTES
  return { entries: entries.length, bytes }
}

function dataOf(entry: Entry): string {
  switch (entry.type) {
    case "publish":
    case "compact":
      return entry.data
    case "change":
      return dataIn(entry.change)
    case "row":
      return dataIn(entry.write)
    case "command":
      return dataIn(entry.step)
    case "refused":
    case "clock":
    case "epoch":
    case "settings":
    case "node":
    case "claim":
    case "release":
    case "revoke":
    case "spend":
    case "checkpoint":
    case "hash":
      return ""
  }
}

function dataIn(its: { readonly data?: string | undefined } | object): string {
  return "data" in its ? (its.data ?? "") : ""
}

/** How many from the front of a queue go together: one, and as many more as fit. */
export function batchLength(queue: readonly { readonly weight: Weight }[], limit: Weight): number {
  let count = 0
  let entries = 0
  let bytes = 0
  for (const { weight } of queue) {
    entries += weight.entries
    bytes += weight.bytes
    if (count > 0 && (entries > limit.entries || bytes > limit.bytes)) break
    count++
  }
  return count
}
