/**
 * A rate with a burst, kept as one number: the theoretical arrival time of the generic cell rate algorithm
 * (ITU-T I.371). Exact, no timer, nothing to refill.
 */
export interface Rate {
  /** Milliseconds that one event uses up. */
  readonly costMs: number
  /** Milliseconds that may be used up in advance. */
  readonly burstMs: number
}

export function rate(perSecond: number, burst: number): Rate {
  const costMs = 1_000 / perSecond
  return { costMs, burstMs: Math.max(burst - 1, 0) * costMs }
}

/** What is remembered of one who is measured. */
export interface Meter {
  arrivalMs: number
}

export function createMeter(): Meter {
  return { arrivalMs: 0 }
}

/** Milliseconds after which one more event is within the rate; 0 where it is now. */
export function waitFor(meter: Meter, limit: Rate, nowMs: number): number {
  return Math.max(0, meter.arrivalMs - nowMs - limit.burstMs)
}

/** Counts one event. Returns 0 when it is within the rate, else what `waitFor` says, and then it is not counted. */
export function take(meter: Meter, limit: Rate, nowMs: number): number {
  const wait = waitFor(meter, limit, nowMs)
  if (wait === 0) meter.arrivalMs = Math.max(meter.arrivalMs, nowMs) + limit.costMs
  return wait
}

/** Counts more that came along with one that was within the rate: whoever is next waits for all of them. */
export function charge(meter: Meter, limit: Rate, nowMs: number, count: number): void {
  meter.arrivalMs = Math.max(meter.arrivalMs, nowMs) + limit.costMs * count
}

/** Meters by key, at most `maxKeys`; the longest unused goes first, so that made-up keys cannot fill the memory [F49]. */
export interface Meters {
  readonly size: number
  of(key: string): Meter
}

export function createMeters(maxKeys: number): Meters {
  const meters = new Map<string, Meter>()
  return {
    get size() {
      return meters.size
    },
    of(key) {
      const known = meters.get(key)
      const meter = known ?? createMeter()
      if (known) meters.delete(key)
      meters.set(key, meter)
      if (meters.size > maxKeys) {
        const [oldest] = meters.keys()
        if (oldest !== undefined) meters.delete(oldest)
      }
      return meter
    },
  }
}
