import { utf8Length } from "./utf8.ts"

/** Apart, so that the client needs not the whole table. */
const AUTH_TIMEOUT = 4501

/**
 * WebSocket close codes that Magpie sends. The range decides what a client does, also for a code it does not know:
 * 4000–4499 reconnect, 4500–4999 stop. Below 4000 the meanings of RFC 6455 section 7.4.1 hold. The one exception is 4501: to
 * somebody who does send a hello it only says that one of the two was slow.
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
  AUTH_TIMEOUT,
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
  if (code >= 4500 && code <= 4999) return code === AUTH_TIMEOUT
  return !STOPS_BELOW_4000.has(code)
}

/** What each close code means, in a few words; docs are made from it. */
export const CLOSE_MEANINGS: Readonly<Record<CloseName, string>> = {
  NORMAL: "finished, as asked",
  GOING_AWAY: "this side leaves: a page is closed, a server stops",
  PROTOCOL_ERROR: "a frame that RFC 6455 forbids",
  UNSUPPORTED_DATA: "a kind of frame that the codec does not take",
  INVALID_PAYLOAD: "text that is not UTF-8, or deflate that cannot be undone",
  POLICY: "a limit on frames was crossed",
  MESSAGE_TOO_BIG: "a message longer than messageBytes",
  INTERNAL: "the server failed on this connection",
  SERVICE_RESTART: "the server is being replaced; come back after the hint",
  TRY_AGAIN_LATER: "the server takes no connection now; come back after the hint",
  NO_PONG: "no sign of life in time",
  SLOW_CONSUMER: "bytes waited and nothing was accepted for stallMs",
  INSUFFICIENT_STATE: "messages were lost that only a new subscription can bring back",
  TOKEN_EXPIRED: "the token expired and no fresh one came",
  RATE_LIMITED: "refusals for rate were ignored",
  OVERLOADED: "the server sheds load",
  RIGHTS_CHANGED: "rights changed; connect again to get the new ones",
  CONNECTION_LIMIT: "too many connections of this server, address or user; come back after the hint",
  BAD_REQUEST: "what came before or instead of a valid hello",
  AUTH_TIMEOUT: "no valid hello in time",
  UNAUTHORIZED: "credentials are missing, wrong, or of another user than before",
  REVOKED: "the user was logged out or blocked",
  REPLACED: "another connection took this session over",
  VERSION: "no common protocol version, or a critical message that this side does not know",
  TOO_MANY_ERRORS: "malformed messages went on",
}

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the code. */
const REASON_BYTES = 123

/**
 * A close reason travels in at most 123 bytes of UTF-8 and is cut to fit; ours may carry the time to wait, as
 * `reason;retryAfterMs=500`.
 */
export function closeReason(reason: string, retryAfterMs?: number): string {
  const hint = retryAfterMs === undefined ? "" : `;retryAfterMs=${Math.max(0, Math.round(retryAfterMs))}`
  let cut = ""
  let bytes = hint.length
  for (const character of reason) {
    bytes += utf8Length(character)
    if (bytes > REASON_BYTES) break
    cut += character
  }
  return cut + hint
}

const WITH_HINT = /^(.*);retryAfterMs=(\d{1,15})$/s

/** Reads what `closeReason` wrote. Anything else is a reason without a hint. */
export function parseCloseReason(text: string): { reason: string; retryAfterMs: number | undefined } {
  const match = WITH_HINT.exec(text)
  return { reason: match?.[1] ?? text, retryAfterMs: match === null ? undefined : Number(match[2]) }
}
