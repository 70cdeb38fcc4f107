import { type ErrorCode, isMagpieError } from "@magpie/protocol"
import { insist } from "./target.ts"

/** The coded refusal that an action ended with, in a word. Any other error goes through: nobody announced it. */
export function refusalOf(thrown: unknown, codes: readonly ErrorCode[]): string {
  if (!isMagpieError(thrown)) throw thrown
  insist(codes.includes(thrown.code), `refuses with ${codes.join(" or ")} only, not with ${thrown.code}`)
  insist(thrown.code === "INVALID_OPTIONS" || thrown.message.length <= LONGEST_MESSAGE, `says why in at most ${LONGEST_MESSAGE} characters`)
  return `${thrown.code} ${String(thrown.details?.field ?? thrown.details?.limit ?? "")}`
}

/** An error's text travels in a reply, so a stranger must not decide how long it is. Options are nobody's but one's own. */
const LONGEST_MESSAGE = 4_096

/** What an action gave, or the refusal that it ended with. */
export function attempt<T>(codes: readonly ErrorCode[], action: () => T): { readonly value: T } | { readonly refusal: string } {
  try {
    return { value: action() }
  } catch (thrown) {
    return { refusal: refusalOf(thrown, codes) }
  }
}
