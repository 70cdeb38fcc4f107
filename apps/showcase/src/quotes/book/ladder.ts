import type { Depth } from "../schemas.ts"

export interface LadderLevel extends Depth {
  readonly key: string
  /** Of the largest size that is offered, in [0, 1]. */
  readonly part: number
}

export interface Ladder {
  /** Nearest first. */
  readonly asks: readonly LadderLevel[]
  readonly bids: readonly LadderLevel[]
  readonly spread: number
}

/** The rows of an order book in their places. */
export function ladderOf(rows: readonly (Depth & { readonly key: string })[]): Ladder {
  const largest = Math.max(1, ...rows.map(({ size }) => size))
  const levels = rows.map((row) => ({ ...row, part: row.size / largest })).sort((a, b) => (a.key < b.key ? -1 : 1))
  const asks = levels.filter(({ key }) => key.startsWith("ask"))
  const bids = levels.filter(({ key }) => key.startsWith("bid"))
  return { asks, bids, spread: Math.max(0, (asks[0]?.price ?? 0) - (bids[0]?.price ?? 0)) }
}
