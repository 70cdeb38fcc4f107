import type { CloseName } from "./close-codes.ts"
import type { ErrorCode } from "./errors.ts"

/** A limit with its default. */
export interface LimitRow {
  readonly value: number
  readonly unit: "count" | "bytes" | "ms" | "per second" | "levels" | "percent"
  /**
   * What the one who crosses it is told: an error code, a close code's name, an HTTP status, or the message that says what is
   * missing. Nothing, where something is `forgotten` or only comes `later`.
   */
  readonly answer: ErrorCode | `close ${CloseName}` | `http ${number}` | "gap" | "watched" | "members" | "versions" | "forgotten" | "later"
  readonly about: string
}
