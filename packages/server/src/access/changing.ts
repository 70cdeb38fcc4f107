import type { Log } from "@magpie/protocol"
import { failureFields } from "../metrics/failure-fields.ts"

/**
 * A secret, or a function that says what it is now, so that it changes without a restart [F87]. The function is asked whenever the
 * secret is needed: it answers at once from memory, and with the same value as long as nothing has changed.
 */
export type Changing<T> = T | (() => T)

export interface ChangingOptions<T, R> {
  /** Names it in the log. */
  readonly secret: string
  /** What is made of a value; fails on one that cannot be used. */
  readonly read: (value: T) => R
  readonly isSame?: (before: T, now: T) => boolean
}

/**
 * Gives what was made of the value that is in force. Fails as `read` and the function do on the first value. A later one that
 * cannot be used, or that cannot be had, leaves the one before in force, and the log says so once.
 */
export function createChanging<T, R>(given: Changing<T>, options: ChangingOptions<T, R>): (log?: Log) => R {
  const { secret, read, isSame = Object.is } = options
  if (typeof given !== "function") {
    const made = read(given)
    return () => made
  }
  const ask = given as () => T
  let seen = ask()
  let made = read(seen)
  let isToldBad = false
  return (log) => {
    try {
      const now = ask()
      if (isSame(seen, now)) return made
      seen = now
      made = read(now)
      isToldBad = false
    } catch (failure) {
      if (!isToldBad) log?.("error", "secret-unusable", { secret, ...failureFields(failure) })
      isToldBad = true
    }
    return made
  }
}

/** One secret or several, of which each holds. */
export type OneOrMore<T> = T | readonly T[]

export function listOf<T extends string | Uint8Array>(value: OneOrMore<T>): readonly T[] {
  return typeof value === "string" || value instanceof Uint8Array ? [value] : value
}

/** Lists are compared by what is in them, so that a function may make a new one each time. */
export function isSameList<T extends string | Uint8Array>(before: OneOrMore<T>, now: OneOrMore<T>): boolean {
  const [a, b] = [listOf(before), listOf(now)]
  return a.length === b.length && a.every((secret, index) => Object.is(secret, b[index]))
}
