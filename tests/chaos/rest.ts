import { eventually } from "./wait.ts"

/** So long is nothing new heard when a run has come to rest. */
const QUIET_MS = 2_000

/** How many words were heard so far, and whether anything that was said still waits. */
export interface Progress {
  readonly heard: number
  readonly settled: boolean
}

/** Waits until nothing is on its way any more; false when that does not come about within that time. */
export function rest(progressNow: () => Promise<Progress>, withinMs: number): Promise<boolean> {
  let heard = -1
  let since = performance.now()
  return eventually(async () => {
    const progress = await progressNow()
    if (progress.heard !== heard || !progress.settled) since = performance.now()
    heard = progress.heard
    return performance.now() - since >= QUIET_MS
  }, withinMs)
}
