import { MagpieError } from "@magpie/protocol"

/** What a message is refused with; `limit` names the limit that it breaks. */
export function malformed(why: string, limit?: string, cause?: unknown): MagpieError {
  return new MagpieError("BAD_REQUEST", why, { details: limit === undefined ? { field: "" } : { limit }, cause })
}
