import { type ErrorCode, MagpieError } from "@magpie/protocol"

/** An error about one field, which its message begins with and its details name. */
export function badField(field: string, problem: string, code: ErrorCode = "BAD_REQUEST"): MagpieError {
  return new MagpieError(code, `${field} ${problem}`, { details: { field } })
}
