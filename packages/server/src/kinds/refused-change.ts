import { type ErrorCode, MagpieError } from "@magpie/protocol"

/** What the log says of a change, or of a sequence that was refused before. */
export function refusedChange(code: ErrorCode): MagpieError {
  const why: Partial<Record<ErrorCode, string>> = {
    UNRECOVERABLE: "the message is no longer in history",
    CONFLICT: "the message was deleted, or is not there yet",
    TOO_LARGE: "the message would be too long",
    LIMIT_EXCEEDED: "there is no room for more of these",
  }
  return new MagpieError(code, why[code] ?? "this was refused before")
}
