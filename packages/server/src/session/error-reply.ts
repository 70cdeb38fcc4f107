import { type Encoded, type ErrorReply, type Log, MagpieError, remedyOf, type ServerCodec } from "@magpie/protocol"
import { failureFields } from "../metrics/failure-fields.ts"

/** A refusal as it goes to the other side: nothing of its cause, and what to do about it. */
function errorReply(id: number | undefined, error: MagpieError): ErrorReply {
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

/** Details are a handler's own and may be what no codec can write; the refusal itself always goes out. */
export function encodeRefusal(codec: ServerCodec, log: Log, id: number | undefined, error: MagpieError): Encoded {
  try {
    return codec.encode(errorReply(id, error))
  } catch (cause) {
    log("error", "details-unwritable", { code: error.code, ...failureFields(cause) })
    return codec.encode(errorReply(id, new MagpieError(error.code, error.reason, { retryAfterMs: error.retryAfterMs })))
  }
}
