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
