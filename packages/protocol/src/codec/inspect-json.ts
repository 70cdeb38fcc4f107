import { MagpieError } from "../errors.ts"
import type { DecodeLimits } from "./codec.ts"

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const FIRST_SURROGATE = 0xd800
const LAST_SURROGATE = 0xdfff

/**
 * Looks at JSON text before it is parsed: one pass, no allocation. Refuses nesting and key counts beyond the limits and
 * lone surrogates with BAD_REQUEST, and returns the number of keys written, which shows a doubled one after parsing.
 */
export function inspectJson(text: string, limits: Pick<DecodeLimits, "jsonDepth" | "jsonKeys">): number {
  let depth = 0
  let keys = 0
  let suspect = false
  let index = 0
  while (index < text.length) {
    const unit = text.charCodeAt(index++)
    if (unit === QUOTE) {
      for (let inside = text.charCodeAt(index++); inside !== QUOTE; inside = text.charCodeAt(index++)) {
        if (index > text.length) return keys // unterminated: the parser refuses it
        if (inside === BACKSLASH) {
          suspect = true
          index++
        } else if (inside >= FIRST_SURROGATE && inside <= LAST_SURROGATE) suspect = true
      }
    } else if (unit === COLON) {
      if (++keys > limits.jsonKeys) refuse(`holds more than ${limits.jsonKeys} keys`, "jsonKeys")
    } else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      if (++depth > limits.jsonDepth) refuse(`is nested deeper than ${limits.jsonDepth}`, "jsonDepth")
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) {
      depth--
    }
  }
  if (suspect && hasLoneSurrogate(text)) refuse("holds half a surrogate pair", "unicode")
  return keys
}

function refuse(why: string, limit: string): never {
  throw new MagpieError("BAD_REQUEST", `the message ${why}`, { details: { limit } })
}

const ESCAPED_SURROGATE = /\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F]/g

const RAW_LONE_SURROGATE = /\p{Surrogate}/u

function hasLoneSurrogate(text: string): boolean {
  if (RAW_LONE_SURROGATE.test(text)) return true
  // A whole pair or an escaped backslash is consumed first, so only halves are left to the last alternative.
  for (const match of text.matchAll(ESCAPED_SURROGATE)) if (match[0].length === 4) return true
  return false
}
