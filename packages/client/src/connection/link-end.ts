import { CLOSE_CODES, type ErrorCode, MagpieError, parseCloseReason, reconnectsAfter } from "@magpie/protocol"

/** How a link ended, and what that means for the next. */
export type LinkEnd =
  | { readonly next: "retry"; readonly cause: MagpieError; readonly retryAfterMs: number | undefined }
  /** The credentials were refused: worth one more try where fresh ones can be had. */
  | { readonly next: "renew"; readonly cause: MagpieError }
  | { readonly next: "stop"; readonly cause: MagpieError }

/** Reads a close code and its reason. `hintMs` is what an earlier go-away asked for. */
export function endByClose(code: number, text: string, hintMs: number | undefined): LinkEnd {
  const { reason, retryAfterMs = hintMs } = parseCloseReason(text)
  const what = code === 1006 ? "the link broke, or never opened" : `the link was closed with ${code}${reason && ` (${reason})`}`
  const cause = new MagpieError(errorCodeOfClose(code), what, { details: { closeCode: code, reason }, retryAfterMs })
  if (code === CLOSE_CODES.UNAUTHORIZED) return { next: "renew", cause }
  return reconnectsAfter(code) ? { next: "retry", cause, retryAfterMs } : { next: "stop", cause }
}

/** Reads the error that answered hello. */
export function endByRefusal(cause: MagpieError): LinkEnd {
  if (cause.code === "UNAUTHORIZED") return { next: "renew", cause }
  // INTERNAL says that the server failed, not that the client did: another node or moment may do better.
  if (cause.retryable || cause.code === "INTERNAL") return { next: "retry", cause, retryAfterMs: cause.retryAfterMs }
  return { next: "stop", cause }
}

function errorCodeOfClose(code: number): ErrorCode {
  switch (code) {
    case CLOSE_CODES.UNAUTHORIZED:
    case CLOSE_CODES.REVOKED:
    case CLOSE_CODES.TOKEN_EXPIRED:
      return "UNAUTHORIZED"
    case CLOSE_CODES.RATE_LIMITED:
      return "RATE_LIMITED"
    case CLOSE_CODES.REPLACED:
      return "CONFLICT"
    case CLOSE_CODES.MESSAGE_TOO_BIG:
      return "TOO_LARGE"
    case CLOSE_CODES.NORMAL:
      return "CLOSED"
    default:
      return reconnectsAfter(code) ? "UNAVAILABLE" : "BAD_REQUEST"
  }
}
