import { crc32 } from "node:zlib"
import { MagpieError } from "@magpie/protocol"
import type { Changes } from "../lanes/lanes.ts"

export const HEADING = "magpie-rows 1\n"
const LINE_FEED = 10
const CHECKSUM_DIGITS = 8

type Line = readonly (readonly [key: string, value?: unknown])[]

/** What a file of rows says. */
export interface RowsRead {
  readonly rows: ReadonlyMap<string, unknown>
  /** Behind the last write that is whole; what follows was cut short. */
  readonly end: number
  /** Nothing was ever written to it. */
  readonly empty: boolean
}

/** A write as one line: a checksum and the changes as JSON. A change without a value deletes. */
export function lineOf(changes: Changes): string {
  const json = JSON.stringify([...changes].map(([key, value]) => (value === undefined ? [key] : [key, value])))
  return `${checksum(json)} ${json}\n`
}

/**
 * Reads a whole file. A last line that a crash has cut short was never durable, and is left out. Fails with UNRECOVERABLE on any other
 * damage, and INVALID_OPTIONS on a stranger's file; `path` is for what these say.
 */
export function readLines(bytes: Buffer, path: string): RowsRead {
  const rows = new Map<string, unknown>()
  const heading = bytes.subarray(0, HEADING.length).toString()
  if (heading !== HEADING) {
    // What is made in a crash may be short, or zeros.
    if (HEADING.startsWith(heading.replace(/\0+$/, ""))) return { rows, end: 0, empty: true }
    throw new MagpieError("INVALID_OPTIONS", `${path} is no outbox of this version; choose another name`, { details: { field: "name" } })
  }
  let end = HEADING.length
  for (;;) {
    const stop = bytes.indexOf(LINE_FEED, end)
    const changes = stop < 0 ? undefined : changesOf(bytes.subarray(end, stop))
    if (changes === undefined) break
    for (const [key, ...value] of changes) {
      if (value.length === 0) rows.delete(key)
      else rows.set(key, value[0])
    }
    end = stop + 1
  }
  if (holdsLine(bytes, end)) {
    throw new MagpieError("UNRECOVERABLE", `${path} is damaged at byte ${end}; move it away to begin anew`, {
      details: { path, byte: end },
    })
  }
  return { rows, end, empty: false }
}

function checksum(text: string | Uint8Array): string {
  return crc32(text).toString(16).padStart(CHECKSUM_DIGITS, "0")
}

/** Undefined where the line is not what was written. */
function changesOf(line: Buffer): Line | undefined {
  const json = line.subarray(CHECKSUM_DIGITS + 1)
  if (line.subarray(0, CHECKSUM_DIGITS).toString() !== checksum(json)) return undefined
  const changes = parsed(json.toString())
  const isWhole = Array.isArray(changes) && changes.every((change) => Array.isArray(change) && typeof change[0] === "string")
  return isWhole ? (changes as Line) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether an intact line stands somewhere behind a damaged one: then that is more than the end of a write that was cut short. */
function holdsLine(bytes: Buffer, from: number): boolean {
  for (let start = bytes.indexOf(LINE_FEED, from) + 1; start > 0; ) {
    const stop = bytes.indexOf(LINE_FEED, start)
    if (stop < 0) return false
    if (changesOf(bytes.subarray(start, stop)) !== undefined) return true
    start = stop + 1
  }
  return false
}
