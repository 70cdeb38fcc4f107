import { MagpieError } from "./errors.ts"
import { DEFAULT_LIMITS } from "./limits.ts"

// Controls, format characters (zero width, bidi), separators and unassigned code points never stand in a name.
const FORBIDDEN_CHARACTERS = /[\p{C}\p{Z}]/u

/**
 * Checks a concrete channel name: segments divided by `/`, none of them empty, `.` or `..`, none starting with `:`,
 * in Unicode normal form C, without spaces or invisible characters. Fails with BAD_REQUEST.
 */
export function parseChannelName(value: string, maxBytes: number = DEFAULT_LIMITS.channelNameBytes): readonly string[] {
  const refuse = (why: string): never => {
    throw new MagpieError("BAD_REQUEST", `channel ${why}`, { details: { field: "channel" } })
  }
  // UTF-8 takes at most three bytes per UTF-16 unit; the exact count is only needed near the limit.
  if (value.length > maxBytes || (value.length * 3 > maxBytes && utf8Length(value) > maxBytes)) refuse(`is longer than ${maxBytes} bytes`)
  if (FORBIDDEN_CHARACTERS.test(value)) refuse("holds a space or an invisible character")
  if (value.normalize("NFC") !== value) refuse("is not in Unicode normal form C")
  const segments = value.split("/")
  for (const segment of segments) {
    if (segment === "" || segment === "." || segment === "..") refuse("has an empty segment or one of dots")
    if (segment.startsWith(":")) refuse("has a segment that starts with a colon: that is a pattern, fill in its parameter")
  }
  return segments
}

function utf8Length(value: string): number {
  let bytes = 0
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
