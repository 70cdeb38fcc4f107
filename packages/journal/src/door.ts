import { MagpieError } from "@magpie/protocol"
import type { ChangeRequest, CommandRequest, DurableLogSettings, PublishRequest, RefuseRequest, RowRequest } from "./durable-log.ts"
import type { CommandStep } from "./entry.ts"
import { isMilliseconds, MOST_MS } from "./milliseconds.ts"

/** Length of a channel's name, a producer or a key in a stored row's key, which LMDB bounds at 1,978 bytes. */
export const NAME_BYTES = 1_024
// Control characters divide keys; lone surrogates have no UTF-8, so two of them would become one name.
const FORBIDDEN_CHARACTERS = /[\p{Cc}\p{Cs}]/u

/** Fails with BAD_REQUEST on what could not be stored under a key of its own. */
export function checkRequest(request: PublishRequest | ChangeRequest | RowRequest | CommandRequest | RefuseRequest): void {
  checkName("channel", request.channel)
  checkName("pattern", request.pattern)
  if ("step" in request) return checkStep(request.step)
  if (request.producer !== undefined) checkName("producer", request.producer)
  if (request.sequence !== undefined && !(Number.isSafeInteger(request.sequence) && request.sequence >= 1)) {
    throw new MagpieError("BAD_REQUEST", "sequence is not a whole number from 1", { details: { field: "sequence" } })
  }
  if ("change" in request && request.change.action === "read") checkName("from", request.from ?? "")
  if ("write" in request) checkName("key", request.write.key)
  if ("key" in request && request.key !== undefined) checkName("key", request.key)
  if ((request.producer === undefined) !== (request.sequence === undefined)) {
    throw new MagpieError("BAD_REQUEST", "producer and sequence come together", { details: { field: "sequence" } })
  }
}

function checkStep(step: CommandStep): void {
  if (!("id" in step)) return
  checkName("command", step.id)
  if (step.action !== "call") return
  for (const field of ["deadlineMs", "reportMs", "deliverMs"] as const) {
    if (step[field] !== undefined && !isMilliseconds(step[field])) {
      throw new MagpieError("BAD_REQUEST", `${field} is not a whole number of 0 to ${MOST_MS}`, { details: { field } })
    }
  }
}

/** Fails with BAD_REQUEST, naming the field. */
export function checkName(field: string, value: string): void {
  if (isLonger(value, NAME_BYTES))
    throw new MagpieError("BAD_REQUEST", `${field} is longer than ${NAME_BYTES} bytes`, { details: { field } })
  if (FORBIDDEN_CHARACTERS.test(value)) {
    throw new MagpieError("BAD_REQUEST", `${field} holds a control character or half of one`, { details: { field } })
  }
}

export function isLonger(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes)
}

/** Whether it can be a part of a stored row's key. */
export function isName(value: string): boolean {
  return !isLonger(value, NAME_BYTES) && !FORBIDDEN_CHARACTERS.test(value)
}

/** Fails with INVALID_OPTIONS, naming the field. */
export function checkSettings(settings: DurableLogSettings): void {
  const refuse = (field: string, why: string): never => {
    throw new MagpieError("INVALID_OPTIONS", `${field} ${why}`, { details: { field } })
  }
  const { deduplicationMs } = settings
  if (!isMilliseconds(deduplicationMs) || deduplicationMs === 0) refuse("deduplicationMs", `is not a whole number of 1 to ${MOST_MS}`)
  for (const [pattern, retention] of Object.entries(settings.retention)) {
    for (const name of ["maxCount", "maxAgeMs"] as const) {
      const value = retention[name]
      const valid = value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value > 0)
      if (!valid) refuse(`retention["${pattern}"].${name}`, "is neither a whole number above 0 nor Infinity")
    }
  }
}
