import { type ErrorReply, type MagpieError, remedyOf } from "@magpie/protocol"

/** A refusal as it goes to the other side: nothing of its cause, and what to do about it. */
export function errorReply(id: number | undefined, error: MagpieError): ErrorReply {
  return {
    type: "error",
    ...(id === undefined ? undefined : { id }),
    code: error.code,
    message: error.reason,
    remedy: remedyOf(error),
    retryable: error.retryable,
    ...(error.retryAfterMs === undefined ? undefined : { retryAfterMs: Math.ceil(error.retryAfterMs) }),
    ...(error.details === undefined ? undefined : { details: new Map(Object.entries(error.details)) }),
  }
}
