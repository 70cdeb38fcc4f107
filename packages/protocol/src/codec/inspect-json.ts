import { MagpieError } from "../errors.ts"
import type { DecodeLimits } from "./codec.ts"

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Looks at JSON text before it is parsed: one pass, no allocation. Refuses nesting and key counts beyond the limits and
 * lone surrogates with BAD_REQUEST, and returns the number of keys written, which shows a doubled one after parsing.
 */
export function inspectJson(text: string, limits: Pick<DecodeLimits, "jsonDepth" | "jsonKeys">): number {
  let depth = 0
  let keys = 0
  let index = 0
  while (index < text.length) {
    const unit = text.charCodeAt(index++)
    if (unit === QUOTE) {
      index = endOfString(text, index)
      if (index === 0) return keys // unterminated: the parser refuses it
    } else if (unit === COLON) {
      if (++keys > limits.jsonKeys) refuse(`holds more than ${limits.jsonKeys} keys`, "jsonKeys")
    } else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      if (++depth > limits.jsonDepth) refuse(`is nested deeper than ${limits.jsonDepth}`, "jsonDepth")
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) {
      depth--
    }
  }
  if (hasLoneSurrogate(text)) refuse("holds half a surrogate pair", "unicode")
  return keys
}

/** The index behind the string's closing quote, or 0 where it has none. The engine's own search skips its text. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
  return 0
}

function refuse(why: string, limit: string): never {
  throw new MagpieError("BAD_REQUEST", `the message ${why}`, { details: { limit } })
}

/** Escapes that are whole: of a backslash, of a pair. */
const WHOLE = /\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/y
const HALF = /\\u[dD][89a-fA-F]/y

function hasLoneSurrogate(text: string): boolean {
  if (!text.isWellFormed()) return true
  if (!text.includes("\\u")) return false
  let at = text.indexOf("\\")
  while (at >= 0) {
    if (matchesAt(WHOLE, text, at)) at = WHOLE.lastIndex
    else if (matchesAt(HALF, text, at)) return true
    else at++
    at = text.indexOf("\\", at)
  }
  return false
}

/** Unlike a list of matches, this leaves nothing behind for each of a stranger's escapes. */
function matchesAt(pattern: RegExp, text: string, index: number): boolean {
  pattern.lastIndex = index
  return pattern.test(text)
}

/** The keys of a parsed message, each as often as its object has it. Fewer than were written where one of them was named twice. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) {
    // Without an iterator, which would be garbage for each of a stranger's lists.
    for (let index = 0; index < value.length; index++) keys += countKeys(value[index])
    return keys
  }
  // What a codec parsed has own properties only, so the prototype adds none.
  for (const key in value) keys += 1 + countKeys((value as Readonly<Record<string, unknown>>)[key])
  return keys
}
