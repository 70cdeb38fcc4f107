/** What one may limit oneself to, in updates per second of each symbol; undefined: as often as the contract has it. */
export const RATES = [undefined, 10, 5, 2, 1, 1 / 5, 1 / 60] as const

/** Bytes per second that one may limit oneself to; undefined: no bound. */
export const BYTES_PER_SECOND = [undefined, 100_000, 30_000, 10_000, 3_000] as const

/** The most that the contract has. */
export const MOST_RATE = 20
