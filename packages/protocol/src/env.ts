/** A timer that has not fired yet; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

/** Time as the product sees it. The real one lives in the shells, the fake one in `@magpie/testing`. */
export interface Clock {
  /** Wall time, milliseconds since 1970. May jump in either direction. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes backwards. */
  monotonic(): number
  setTimer(delayMs: number, fire: () => void): Timer
  /** Runs `task` once when the current turn of the event loop has ended, before any timer. */
  defer(task: () => void): void
}

/** Randomness. `bytes` is fit for secrets in the real environment and seeded in the simulated one. */
export interface Random {
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  float(): number
}

/** Keyed hashing, for tokens that we sign ourselves. */
export interface Crypto {
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}

export type LogLevel = "debug" | "info" | "error"

/** One structured line; `event` is stable and machine-readable. Fields never hold a secret or a user's payload. */
export type Log = (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>) => void

/** The only door from deciding code to the world. Network and disk come through their own ports beside it. */
export interface Env {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
