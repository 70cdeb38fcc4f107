import { createStore, type Store } from "@magpie/frame/store"
import type { BoardCounts } from "../list/quote-board.ts"

/** What the limit does, measured on this page. Rates are of the last two seconds. */
export interface Effect {
  readonly updatesPerSecond: number
  readonly skippedPerSecond: number
  readonly skipped: number
  readonly bytesPerSecond: number
  /** An estimate: what was skipped, at the size of what came. */
  readonly savedBytes: number
}

interface Sample extends BoardCounts {
  readonly at: number
  readonly bytesIn: number
}

const WINDOW_MS = 2_000
const EVERY_MS = 500
export const NO_EFFECT: Effect = { updatesPerSecond: 0, skippedPerSecond: 0, skipped: 0, bytesPerSecond: 0, savedBytes: 0 }

export interface EffectMeter {
  readonly effect: Store<Effect>
  close(): void
}

/** Reads the counters twice a second. */
export function createEffectMeter(read: () => Sample): EffectMeter {
  const effect = createStore(NO_EFFECT)
  const first = read()
  let samples: readonly Sample[] = [first]
  const timer = setInterval(() => {
    const now = read()
    samples = [...samples.filter(({ at }) => now.at - at <= WINDOW_MS), now]
    effect.set(effectOf(samples, first))
  }, EVERY_MS)
  return { effect, close: () => clearInterval(timer) }
}

export function effectOf(samples: readonly Sample[], first: Sample): Effect {
  const [from, to] = [samples[0] ?? first, samples.at(-1) ?? first]
  const seconds = Math.max(EVERY_MS, to.at - from.at) / 1_000
  const updates = to.updates - first.updates
  const perUpdate = updates === 0 ? 0 : (to.bytesIn - first.bytesIn) / updates
  return {
    updatesPerSecond: Math.round((to.updates - from.updates) / seconds),
    skippedPerSecond: Math.round((to.skipped - from.skipped) / seconds),
    skipped: to.skipped,
    bytesPerSecond: Math.round((to.bytesIn - from.bytesIn) / seconds),
    savedBytes: Math.round((to.skipped - first.skipped) * perUpdate),
  }
}
