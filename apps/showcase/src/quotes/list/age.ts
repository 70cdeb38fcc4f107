/** How far a quote of this age can be believed. */
export type Age = "fresh" | "old" | "lost"

/** Old after that time, lost after four times as long. */
export function age(ms: number, staleAfterMs: number): Age {
  if (ms < staleAfterMs) return "fresh"
  return ms < 4 * staleAfterMs ? "old" : "lost"
}

/** When a quote is old: it should have come twice meanwhile, and not before three seconds. */
export function staleAfterMs(updatesPerSecond: number): number {
  return Math.max(3_000, 2_000 / updatesPerSecond)
}
