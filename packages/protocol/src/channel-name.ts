import { MagpieError } from "./errors.ts"
import { DEFAULT_LIMITS } from "./limits.ts"
import { utf8Length } from "./utf8.ts"

// Controls, format characters (zero width, bidi), separators, unassigned code points, and letters that draw nothing
// (Unicode's default-ignorable ones, the blank Braille cell): two names that look the same are never told apart by them.
const FORBIDDEN_CHARACTERS = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

/**
 * Checks a concrete channel name: segments divided by `/`, none of them empty, `.` or `..`, none starting with `:`,
 * in Unicode normal form C, without spaces or invisible characters. Fails with BAD_REQUEST.
 */
export function parseChannelName(value: string, maxBytes: number = DEFAULT_LIMITS.channelNameBytes): readonly string[] {
  const refuse = (why: string): never => {
    throw new MagpieError("BAD_REQUEST", `channel ${why}`, { details: { field: "channel" } })
  }
  const problem = textProblem(value, maxBytes)
  if (problem !== undefined) refuse(problem)
  const segments = value.split("/")
  for (const segment of segments) {
    if (isEmptySegment(segment)) refuse("has an empty segment or one of dots")
    if (segment.startsWith(":")) refuse("has a segment that starts with a colon: that is a pattern, fill in its parameter")
  }
  return segments
}

/** What keeps a text from being a channel's name or a part of one, whatever its segments; undefined when nothing does. */
export function textProblem(value: string, maxBytes: number): string | undefined {
  // UTF-8 takes at most three bytes per UTF-16 unit; the exact count is only needed near the limit.
  const tooLong = value.length > maxBytes || (value.length * 3 > maxBytes && utf8Length(value) > maxBytes)
  if (tooLong) return `is longer than ${maxBytes} bytes`
  if (FORBIDDEN_CHARACTERS.test(value)) return "holds a space or an invisible character"
  if (value.normalize("NFC") !== value) return "is not in Unicode normal form C"
  return undefined
}

export function isEmptySegment(segment: string): boolean {
  return segment === "" || segment === "." || segment === ".."
}
