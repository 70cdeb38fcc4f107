import { type ErrorDetails, type MagpieError, remedyOf } from "@magpie/protocol"
import type { Answer } from "./route.ts"
import { HTTP_STATUSES } from "./statuses.ts"

export interface RefusalOptions {
  /** Where the request itself says more than the code does: 404 for a path, 405 for a method, 415 for a kind of body. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** An error as the other side reads it: nothing of its cause, and what to do about it. */
export function refusal(error: MagpieError, { status = HTTP_STATUSES[error.code], headers = {} }: RefusalOptions = {}): Answer {
  const { retryAfterMs } = error
  return {
    status,
    headers: {
      ...headers,
      ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="magpie"' } : undefined),
      ...(retryAfterMs === undefined ? undefined : { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) }),
    },
    body: bodyOf(error, error.details),
  }
}

/** Details are an authenticator's or a schema's own and may be what JSON cannot hold; the refusal itself always goes out. */
function bodyOf(error: MagpieError, details: ErrorDetails | undefined): string {
  const { code, reason, retryable, retryAfterMs } = error
  try {
    return JSON.stringify({
      code,
      message: reason,
      remedy: remedyOf(error),
      retryable,
      ...(retryAfterMs === undefined ? undefined : { retryAfterMs: Math.ceil(retryAfterMs) }),
      ...(details === undefined ? undefined : { details }),
    })
  } catch {
    return bodyOf(error, undefined)
  }
}
