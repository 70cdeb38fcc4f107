import {
  AGES,
  ageOf,
  agesOf,
  DEADLINES,
  type KeyRange,
  MEMORIES,
  nextPattern,
  patternOf,
  readDeadlineKey,
  readMemoryKey,
} from "../rows/keys.ts"
import { type AppliedSettings, retentionOf } from "../rows/system-rows.ts"
import type { StorageRow } from "../storage/storage.ts"

interface Rows {
  first(range: KeyRange, limit: number): StorageRow[]
}

/** Patterns under which some channel has messages. One short read each. */
export function patternsInUse(rows: Rows): string[] {
  const patterns: string[] = []
  let from = AGES.from
  for (;;) {
    const [row] = rows.first({ from, to: AGES.to }, 1)
    if (row === undefined) return patterns
    const pattern = patternOf(row.key)
    patterns.push(pattern)
    from = nextPattern(pattern)
  }
}

/** The earliest time at which something expires or is forgotten; undefined when nothing waits on time. */
export function nextDueTime(rows: Rows, settings: AppliedSettings): number | undefined {
  let due = Number.POSITIVE_INFINITY
  for (const pattern of patternsInUse(rows)) {
    const [row] = rows.first(agesOf(pattern), 1)
    if (row !== undefined) due = Math.min(due, ageOf(pattern, row.key) + retentionOf(settings, pattern).maxAgeMs)
  }
  const [memory] = rows.first(MEMORIES, 1)
  if (memory !== undefined) due = Math.min(due, readMemoryKey(memory.key).since + settings.deduplicationMs)
  const [deadline] = rows.first(DEADLINES, 1)
  if (deadline !== undefined) due = Math.min(due, readDeadlineKey(deadline.key).at)
  return Number.isFinite(due) ? due : undefined
}
