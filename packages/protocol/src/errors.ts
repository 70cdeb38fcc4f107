/**
 * Every error code of Magpie, with what to do about it. The table is the only list: types, replies and docs come from it.
 * `retryable` says whether the same request may succeed later without a change by its sender.
 */
export const ERROR_CODES = {
  UNAUTHORIZED: { retryable: false, remedy: "Send valid credentials: a token that is signed, unexpired and meant for this server." },
  FORBIDDEN: { retryable: false, remedy: "Ask for the right to this channel and action, or check the server's authorize function." },
  BAD_REQUEST: { retryable: false, remedy: "Correct the field that the message names." },
  UNKNOWN_CHANNEL: { retryable: false, remedy: "Use a channel name that a pattern of the contract matches." },
  TOO_LARGE: { retryable: false, remedy: "Send less at once, or raise the limit that the details name." },
  RATE_LIMITED: { retryable: true, remedy: "Wait for retryAfterMs, then send again." },
  LIMIT_EXCEEDED: { retryable: false, remedy: "Release what counts toward the limit that the details name, or raise it." },
  CONFLICT: { retryable: false, remedy: "Read the current state and decide again." },
  OUT_OF_ORDER: { retryable: true, remedy: "Send again from the sequence that the details name." },
  EXPIRED: { retryable: false, remedy: "Start anew: what this refers to is no longer remembered." },
  UNRECOVERABLE: { retryable: false, remedy: "Load the current state; the messages in between cannot be given." },
  TIMEOUT: { retryable: true, remedy: "Try again; the outcome of the first try is unknown." },
  UNAVAILABLE: { retryable: true, remedy: "Try again later; nothing was accepted." },
  STORAGE_FENCED: { retryable: true, remedy: "Look at the server's disk and restart it; nothing was acknowledged since the failure." },
  DOC_REJECTED: { retryable: false, remedy: "Reload the document and make the edit in a way that its rules allow." },
  ABORTED: { retryable: false, remedy: "The caller ended this itself." },
  CLOSED: { retryable: false, remedy: "Create a new client or server; this one was closed." },
  INVALID_OPTIONS: { retryable: false, remedy: "Correct the option that the message names." },
  INTERNAL: { retryable: false, remedy: "Look into the server's log: a handler failed, or this is a defect." },
} as const satisfies Record<string, { retryable: boolean; remedy: string }>

export type ErrorCode = keyof typeof ERROR_CODES

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value)
}

export type ErrorDetails = Readonly<Record<string, unknown>>

export interface ErrorOptions {
  readonly details?: ErrorDetails | undefined
  /** How long to wait before a retry can succeed, in milliseconds. */
  readonly retryAfterMs?: number | undefined
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
  }

  get remedy(): string {
    return ERROR_CODES[this.code].remedy
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
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
