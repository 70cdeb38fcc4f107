import { decodeBase64, MagpieError, type Position } from "@magpie/protocol"

/** What a device has of one document. */
export interface DocumentRows {
  /** Whose it is: the user that the server welcomed; null for an anonymous one. Undefined before the first welcome. */
  owner: string | null | undefined
  /** Up to where the updates lead. */
  position: Position | undefined
  /** What makes the document, by the key of its row. */
  readonly updates: Map<string, Uint8Array>
  /** Edits that are not stored by the server yet, in the order in which they were made. */
  readonly unsaved: Map<string, Uint8Array>
}

/** Stands between a channel and what is kept of it. No channel's name has it. */
const DIVIDER = "\n"

export const rowsOf = (channel: string): string => channel + DIVIDER
export const ownerKey = (channel: string): string => `${channel}${DIVIDER}owner`
export const positionKey = (channel: string): string => `${channel}${DIVIDER}position`
export const updateKey = (channel: string, number: number): string => `${channel}${DIVIDER}update/${number}`
/** `page` tells the edits of one life of a client from those of another. */
export const editKey = (channel: string, page: string, number: number): string =>
  `${channel}${DIVIDER}edit/${page}/${String(number).padStart(12, "0")}`
export const channelOf = (key: string): string => key.slice(0, key.indexOf(DIVIDER))
export const isEdit = (key: string): boolean => key.includes(`${DIVIDER}edit/`)

/** Rows come from a place that others can write to. Fails with UNRECOVERABLE where they are not what was kept. */
export function readDocumentRows(rows: ReadonlyMap<string, unknown>, channel: string): DocumentRows {
  const read: DocumentRows = { owner: undefined, position: undefined, updates: new Map(), unsaved: new Map() }
  const prefix = rowsOf(channel)
  for (const [key, value] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(prefix)) continue
    if (key === ownerKey(channel)) read.owner = value === null ? null : String(value)
    else if (key === positionKey(channel)) read.position = readPosition(key, value)
    else (isEdit(key) ? read.unsaved : read.updates).set(key, readBytes(key, value))
  }
  return read
}

function readPosition(key: string, value: unknown): Position {
  const { epoch, offset, mark } = Object(value) as Position
  if (typeof epoch !== "string" || !Number.isSafeInteger(offset) || !["string", "undefined"].includes(typeof mark)) throw damaged(key)
  return { epoch, offset, ...(mark === undefined ? undefined : { mark }) }
}

function readBytes(key: string, value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? decodeBase64(value) : undefined
  if (bytes === undefined) throw damaged(key)
  return bytes
}

function damaged(key: string): MagpieError {
  return new MagpieError("UNRECOVERABLE", `the row ${JSON.stringify(key)} is not what was kept`, { details: { row: key } })
}
