import { MagpieError } from "@magpie/protocol"

export const BUSY_RETRY_MS = 250

/** A log that closes belongs to a server that leaves: the client keeps what it wants and tries the next one. */
export function laterInsteadOfClosed(error: MagpieError): MagpieError {
  return error.code === "CLOSED" ? new MagpieError("UNAVAILABLE", "this server is leaving", { retryAfterMs: BUSY_RETRY_MS }) : error
}
