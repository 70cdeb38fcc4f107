/**
 * Every error code of Magpie, and whether the same request may succeed later without a change by its sender. Replies and
 * docs come from this list and from `ERROR_REMEDIES`, which says what to do about each.
 */
export const ERROR_CODES = {
  UNAUTHORIZED: false,
  INDETERMINATE: false,
  FORBIDDEN: false,
  BAD_REQUEST: false,
  FAILED: false,
  UNKNOWN_CHANNEL: false,
  TOO_LARGE: false,
  RATE_LIMITED: true,
  LIMIT_EXCEEDED: false,
  CONFLICT: false,
  OUT_OF_ORDER: true,
  EXPIRED: false,
  UNRECOVERABLE: false,
  TIMEOUT: true,
  UNAVAILABLE: true,
  STORAGE_FENCED: true,
  DOC_REJECTED: false,
  ABORTED: false,
  CLOSED: false,
  INVALID_OPTIONS: false,
  INTERNAL: false,
} as const satisfies Record<string, boolean>

export type ErrorCode = keyof typeof ERROR_CODES

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value)
}

export type ErrorDetails = Readonly<Record<string, unknown>>

export interface ErrorOptions {
  readonly details?: ErrorDetails | undefined
  /** How long to wait before a retry can succeed, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  readonly remedy?: string | undefined
  readonly cause?: unknown
}

/** The one error class of Magpie. Decide on `code`; `message` is for people and changes freely. */
export class MagpieError extends Error {
  override readonly name = "MagpieError"
  readonly code: ErrorCode
  readonly details: ErrorDetails | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.retryAfterMs = options.retryAfterMs
    this.remedy = options.remedy
  }

  /** What to do about it: the server's word where it said one. `remedyOf` has a sentence for every code. */
  readonly remedy: string | undefined

  get retryable(): boolean {
    return ERROR_CODES[this.code]
  }

  /** What happened, without the code in front. */
  get reason(): string {
    return this.message.slice(this.code.length + 2)
  }
}

/** Recognises a MagpieError also when two copies of this package are loaded. */
export function isMagpieError(value: unknown): value is MagpieError {
  return value instanceof Error && value.name === "MagpieError" && isErrorCode((value as { code?: unknown }).code)
}

/** Passes a MagpieError through and wraps anything else as INTERNAL, which tells the other side nothing about the cause. */
export function toMagpieError(value: unknown): MagpieError {
  return isMagpieError(value) ? value : new MagpieError("INTERNAL", "an unexpected failure", { cause: value })
}
