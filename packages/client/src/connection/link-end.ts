import { type CLOSE_CODES, type ErrorCode, MagpieError, parseCloseReason, reconnectsAfter } from "@magpie/protocol"

/** How a link ended, and what that means for the next. The cause carries the server's hint, if there was one. */
export interface LinkEnd {
  /** `renew`: the credentials were refused, which is worth one more try where fresh ones can be had. */
  readonly next: "retry" | "renew" | "stop"
  readonly cause: MagpieError
}

type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES]

// Numbers that the compiler compares with the protocol's table, because the table itself would go into every bundle.
export const NORMAL = 1000 satisfies typeof CLOSE_CODES.NORMAL
const UNAUTHORIZED = 4502 satisfies typeof CLOSE_CODES.UNAUTHORIZED
export const NO_PONG = 4002 satisfies typeof CLOSE_CODES.NO_PONG
export const VERSION = 4505 satisfies typeof CLOSE_CODES.VERSION

/** The close codes that say more than whether to come back. */
const ERROR_OF_CLOSE: { readonly [code: number]: ErrorCode } = {
  [NORMAL]: "CLOSED",
  1009: "TOO_LARGE",
  /** The token expired. */
  4005: "UNAUTHORIZED",
  4006: "RATE_LIMITED",
  /** Credentials refused; logged out or blocked. */
  [UNAUTHORIZED]: "UNAUTHORIZED",
  4503: "UNAUTHORIZED",
  /** Another connection took the session over. */
  4504: "CONFLICT",
} satisfies { readonly [Code in CloseCode]?: ErrorCode }

/** Reads a close code and its reason. `hintMs` is what an earlier go-away asked for. */
export function endByClose(closeCode: number, text: string, hintMs?: number): LinkEnd {
  const { reason, retryAfterMs = hintMs } = parseCloseReason(text)
  const comesBack = reconnectsAfter(closeCode)
  const code = ERROR_OF_CLOSE[closeCode] ?? (comesBack ? "UNAVAILABLE" : "BAD_REQUEST")
  const what = closeCode === 1006 ? "the link broke, or never opened" : `the link was closed with ${closeCode} ${reason}`
  const cause = new MagpieError(code, what.trim(), { details: { closeCode, reason }, retryAfterMs })
  return { next: closeCode === UNAUTHORIZED ? "renew" : comesBack ? "retry" : "stop", cause }
}

/** Reads the error that answered hello. INTERNAL says that the server failed, not the client: another node or moment may do better. */
export function endByRefusal(cause: MagpieError): LinkEnd {
  const mayPass = cause.retryable || cause.code === "INTERNAL"
  return { next: cause.code === "UNAUTHORIZED" ? "renew" : mayPass ? "retry" : "stop", cause }
}
