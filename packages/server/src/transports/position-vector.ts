import { MagpieError, type Position } from "@magpie/protocol"

/** How far somebody has read, channel by channel. */
export type PositionVector = ReadonlyMap<string, Position>

/**
 * Positions as text that goes into a URL, a header and the `id` of an event: `channel=epoch:offset:mark`, joined by `&`, every
 * part percent-encoded. It is only a wish: whoever brings one is asked for everything that a resume is asked for.
 */
export function encodeVector(positions: PositionVector): string {
  const parts: string[] = []
  for (const [channel, { epoch, offset, mark = "" }] of positions)
    parts.push(`${encodeURIComponent(channel)}=${encodeURIComponent(epoch)}:${offset}:${encodeURIComponent(mark)}`)
  return parts.join("&")
}

const PART = /^([^=&]{1,3072})=([^:&]{1,96}):(\d{1,15}):([^:&]{0,48})$/

/** Fails with BAD_REQUEST on what is no vector, and on one of more than `maxChannels`. */
export function parseVector(text: string, maxChannels: number): PositionVector {
  const positions = new Map<string, Position>()
  if (text === "") return positions
  const parts = text.split("&", maxChannels + 1)
  if (parts.length > maxChannels) throw malformed(`names more than ${maxChannels} channels`)
  for (const part of parts) {
    const [whole, channel = "", epoch = "", offset = "", mark = ""] = PART.exec(part) ?? []
    if (whole === undefined) throw malformed("is not of the form channel=epoch:offset:mark")
    const position = { epoch: decode(epoch), offset: Number(offset) }
    positions.set(decode(channel), mark === "" ? position : { ...position, mark: decode(mark) })
  }
  return positions
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed("is not percent-encoded UTF-8")
  }
}

function malformed(why: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `the position ${why}`, { details: { field: "position" } })
}
