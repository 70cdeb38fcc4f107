/** 71,000 years. Sums of a few such numbers are still whole. */
export const MOST_MS = 2 ** 51

/** Whether a time, or a span of it, can be told in the log. */
export function isMilliseconds(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= MOST_MS
}
