import type { ClientStatistics } from "@magpie/client"
import type { Store } from "../store.ts"

/** What the slim bar shows: counts as the client has them, rates over the last second. */
export interface Meter {
  readonly counts: ClientStatistics
  readonly messagesInPerSecond: number
  readonly messagesOutPerSecond: number
}

interface Sample {
  readonly at: number
  readonly counts: ClientStatistics
}

const SAMPLE_EVERY_MS = 250
const WINDOW_MS = 1_000

/** Reads the client's counters four times a second, and only while somebody looks. */
export function createMeter(read: () => ClientStatistics): Store<Meter> {
  const listeners = new Set<() => void>()
  let samples: readonly Sample[] = []
  let timer: ReturnType<typeof setInterval> | undefined
  let meter: Meter = { counts: { ...read() }, messagesInPerSecond: 0, messagesOutPerSecond: 0 }

  const sample = () => {
    const now: Sample = { at: performance.now(), counts: { ...read() } }
    samples = [...samples.filter((old) => now.at - old.at <= WINDOW_MS + SAMPLE_EVERY_MS / 2), now]
    const next = measure(samples, now)
    if (JSON.stringify(next) === JSON.stringify(meter)) return
    meter = next
    for (const listener of listeners) listener()
  }

  return {
    get: () => meter,
    subscribe(listener) {
      listeners.add(listener)
      if (listeners.size === 1) timer = setInterval(sample, SAMPLE_EVERY_MS)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) clearInterval(timer)
      }
    },
  }
}

function measure(samples: readonly Sample[], now: Sample): Meter {
  const first = samples[0] ?? now
  const seconds = Math.max(now.at - first.at, SAMPLE_EVERY_MS) / 1_000
  const rate = (count: (counts: ClientStatistics) => number) => Math.round((count(now.counts) - count(first.counts)) / seconds)
  return {
    counts: now.counts,
    messagesInPerSecond: rate((counts) => counts.messagesIn),
    messagesOutPerSecond: rate((counts) => counts.messagesOut),
  }
}
