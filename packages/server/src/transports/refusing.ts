import { CLOSE_CODES, type ErrorCode, MagpieError, reconnectsAfter } from "@magpie/protocol"
import { refusal } from "../http/refusal.ts"
import type { Answered } from "./exchange.ts"

const JSON_HEADERS = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
}

export function jsonAnswer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answered {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body }
}

/** A refusal as the HTTP API writes it. */
export function refusalAnswer(error: MagpieError, headers: Readonly<Record<string, string>> = {}, status?: number): Answered {
  const { status: its, headers: own, body } = refusal(error, { headers, ...(status === undefined ? undefined : { status }) })
  return jsonAnswer(its, body, own)
}

const ERRORS_OF_CLOSES: Readonly<Record<number, ErrorCode>> = {
  [CLOSE_CODES.UNAUTHORIZED]: "UNAUTHORIZED",
  [CLOSE_CODES.REVOKED]: "UNAUTHORIZED",
  [CLOSE_CODES.TOKEN_EXPIRED]: "UNAUTHORIZED",
  [CLOSE_CODES.RATE_LIMITED]: "RATE_LIMITED",
}

/** A close, told to somebody who knows statuses only. */
export function errorOfClose(code: number, { reason, retryAfterMs }: { reason: string; retryAfterMs: number | undefined }): MagpieError {
  return new MagpieError(ERRORS_OF_CLOSES[code] ?? (reconnectsAfter(code) ? "UNAVAILABLE" : "BAD_REQUEST"), reason, {
    retryAfterMs,
    details: { closeCode: code },
  })
}
