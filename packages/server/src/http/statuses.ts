import type { ErrorCode } from "@magpie/protocol"

/** The HTTP status of each error code, where nothing about the request itself says another. */
export const HTTP_STATUSES: Readonly<Record<ErrorCode, number>> = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  BAD_REQUEST: 400,
  UNKNOWN_CHANNEL: 404,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  LIMIT_EXCEEDED: 409,
  CONFLICT: 409,
  OUT_OF_ORDER: 409,
  EXPIRED: 410,
  UNRECOVERABLE: 410,
  TIMEOUT: 408,
  UNAVAILABLE: 503,
  STORAGE_FENCED: 503,
  DOC_REJECTED: 422,
  FAILED: 422,
  INDETERMINATE: 504,
  ABORTED: 400,
  CLOSED: 503,
  INVALID_OPTIONS: 500,
  INTERNAL: 500,
}
