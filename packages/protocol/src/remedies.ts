import type { ErrorCode, MagpieError } from "./errors.ts"

/** What to do about each error. Apart from the codes, because a browser gets these sentences from the server that refuses. */
export const ERROR_REMEDIES: Readonly<Record<ErrorCode, string>> = {
  UNAUTHORIZED: "Send valid credentials: a token that is signed, unexpired and meant for this server.",
  FORBIDDEN: "Ask for the right to this channel and action, or check the server's authorize function.",
  BAD_REQUEST: "Correct the field that the message names.",
  UNKNOWN_CHANNEL: "Use a channel name that a pattern of the contract matches.",
  TOO_LARGE: "Send less at once, or raise the limit that the details name.",
  RATE_LIMITED: "Wait for retryAfterMs, then send again.",
  LIMIT_EXCEEDED: "Release what counts toward the limit that the details name, or raise it.",
  CONFLICT: "Read the current state and decide again.",
  OUT_OF_ORDER: "Send again from the sequence that the details name.",
  EXPIRED: "Start anew: what this refers to is no longer remembered.",
  UNRECOVERABLE: "Load the current state; the messages in between cannot be given.",
  TIMEOUT: "Try again; the outcome of the first try is unknown.",
  UNAVAILABLE: "Try again later; what was published may have been stored, so repeat it under its sequence or key.",
  STORAGE_FENCED: "Look at the server's disk and restart it; nothing was acknowledged since the failure.",
  DOC_REJECTED: "Reload the document and make the edit in a way that its rules allow.",
  FAILED: "Read the code in details.error; call again under another id where that may help.",
  INDETERMINATE: "Look at the device: whether the command took effect is not known.",
  ABORTED: "The caller ended this itself.",
  CLOSED: "Create a new client or server; this one was closed.",
  INVALID_OPTIONS: "Correct the option that the message names.",
  INTERNAL: "Look into the server's log: a handler failed, or this is a defect.",
}

/** What to do about an error: what it says itself, or what its code means. */
export function remedyOf(error: MagpieError): string {
  return error.remedy ?? ERROR_REMEDIES[error.code]
}
