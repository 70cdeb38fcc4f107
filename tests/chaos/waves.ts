/** Attempts to connect over time, after many clients were cut in one moment. */
export interface Waves {
  /** Attempts a second, in slots of `SLOT_MS` since the cut. */
  readonly perSecond: readonly number[]
  /** The highest rate of each client's first attempt, and of all that followed a failed one. */
  readonly firstPeak: number
  readonly retryPeak: number
  /** Those who failed come back together: more of them at once than the server takes, and half as many as at first. */
  readonly secondWave: boolean
}

export const SLOT_MS = 500
const CROWD_SHARE = 0.5
/** What jitter leaves of unevenness. */
const TOLERANCE = 1.2

export interface Attempts {
  readonly first: readonly number[]
  readonly retries: readonly number[]
}

/** `admittedPerSecond` is what the server's admission takes. Times are in milliseconds since the cut. */
export function wavesOf({ first, retries }: Attempts, admittedPerSecond: number): Waves {
  const firstPeak = Math.max(0, ...ratesOf(first))
  const retryPeak = Math.max(0, ...ratesOf(retries))
  const tooMany = retryPeak > admittedPerSecond * TOLERANCE
  return {
    perSecond: ratesOf([...first, ...retries]),
    firstPeak,
    retryPeak,
    secondWave: tooMany && retryPeak >= firstPeak * CROWD_SHARE,
  }
}

function ratesOf(timesMs: readonly number[]): number[] {
  const slots: number[] = []
  for (const at of timesMs) {
    const slot = Math.max(0, Math.floor(at / SLOT_MS))
    slots[slot] = (slots[slot] ?? 0) + 1
  }
  return Array.from(slots, (count = 0) => (count * 1_000) / SLOT_MS)
}
