/**
 * WebSocket close codes that Magpie sends. The range decides what a client does, also for a code it does not know:
 * 4000–4499 reconnect, 4500–4999 stop. Below 4000 the meanings of RFC 6455 section 7.4.1 hold.
 */
export const CLOSE_CODES = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  INVALID_PAYLOAD: 1007,
  POLICY: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  NO_PONG: 4002,
  SLOW_CONSUMER: 4003,
  INSUFFICIENT_STATE: 4004,
  TOKEN_EXPIRED: 4005,
  RATE_LIMITED: 4006,
  OVERLOADED: 4007,
  RIGHTS_CHANGED: 4008,
  CONNECTION_LIMIT: 4009,
  BAD_REQUEST: 4500,
  AUTH_TIMEOUT: 4501,
  UNAUTHORIZED: 4502,
  REVOKED: 4503,
  REPLACED: 4504,
  VERSION: 4505,
  TOO_MANY_ERRORS: 4506,
} as const

export type CloseName = keyof typeof CLOSE_CODES

const STOPS_BELOW_4000: ReadonlySet<number> = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010])

/** Whether a client that sees this close code tries again. */
export function reconnectsAfter(code: number): boolean {
  if (code >= 4500 && code <= 4999) return false
  return !STOPS_BELOW_4000.has(code)
}

/** A close reason travels in at most 123 bytes of UTF-8; ours may carry the time to wait, as `reason;retryAfterMs=500`. */
export function closeReason(reason: string, retryAfterMs?: number): string {
  return retryAfterMs === undefined ? reason : `${reason};retryAfterMs=${Math.round(retryAfterMs)}`
}

/** Reads what `closeReason` wrote. Anything else is a reason without a hint. */
export function parseCloseReason(text: string): { reason: string; retryAfterMs: number | undefined } {
  const mark = text.indexOf(";retryAfterMs=")
  if (mark < 0) return { reason: text, retryAfterMs: undefined }
  const value = Number(text.slice(mark + 14))
  return { reason: text.slice(0, mark), retryAfterMs: Number.isFinite(value) && value >= 0 ? value : undefined }
}
