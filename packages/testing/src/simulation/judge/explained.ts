/** Errors of requests that a fault explains. */
export const EXPLAINED: readonly string[] = [
  "ABORTED",
  "CLOSED",
  "FORBIDDEN",
  "UNAVAILABLE",
  "TIMEOUT",
  "UNAUTHORIZED",
  "EXPIRED",
  "BAD_REQUEST",
  "CONFLICT",
  "RATE_LIMITED",
]

/** Of what changes messages and writes rows: a fault explains these, or that somebody else was first. */
export const EXPLAINED_OF_WRITES: readonly string[] = [
  "ABORTED",
  "CLOSED",
  "FORBIDDEN",
  "UNAVAILABLE",
  "TIMEOUT",
  "EXPIRED",
  "CONFLICT",
  "RATE_LIMITED",
  "UNRECOVERABLE",
  "LIMIT_EXCEEDED",
  "BAD_REQUEST",
]
