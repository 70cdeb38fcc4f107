export interface Backoff {
  readonly initialMs: number
  readonly maxMs: number
}

/**
 * Full jitter: the wait is drawn evenly from zero to a bound that doubles with each failure. The cap comes before the draw,
 * so that waits at the cap stay spread (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
 * `failures` counts those before this wait; `random` is in [0, 1).
 */
export function backoffMs(backoff: Backoff, failures: number, random: number): number {
  return random * Math.min(backoff.maxMs, backoff.initialMs * 2 ** failures)
}

/** What a server asks for, and more with each failure: never sooner, and not everybody in the same moment. */
export function hintedMs({ initialMs, maxMs }: Backoff, failures: number, hintMs: number, random: number): number {
  return hintMs + random * Math.min(maxMs, Math.max(initialMs * 2 ** failures, hintMs / 10))
}

/** The wait before the next try in whole milliseconds, a server's hint first. */
export function retryMs(backoff: Backoff, failures: number, hintMs: number | undefined, random: number): number {
  return Math.ceil(hintMs === undefined ? backoffMs(backoff, failures, random) : hintedMs(backoff, failures, hintMs, random))
}
