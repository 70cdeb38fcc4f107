import { type ErrorCode, isErrorCode, MagpieError } from "@magpie/protocol"
import { checkRow, count, optional, text } from "../lanes/row-fields.ts"
import type { Outgoing } from "../outbox/channel-queue.ts"
import type { Owner } from "../outbox/keeper.ts"

/** Layout of the rows. Rows of any other version are not read. */
const VERSION = 1

/** Who kept these rows, and the session that it had. */
export interface OwnerRow extends Owner {
  readonly session: string
  /** The number of the newest link that it had. */
  readonly link?: number
}

/** Where a channel's numbers stand: the highest that a message which is no longer kept has used up. */
export interface NumbersRow {
  readonly last: number
}

/** A message without an outcome, or with a refusal of which nobody was told yet. */
export interface MessageRow {
  readonly id: string
  readonly channel: string
  readonly message: Outgoing
  /** When it was sent, wall time in milliseconds. */
  readonly at: number
  /** The number under which it left or was about to leave; absent on one that never left. */
  readonly sequence?: number | undefined
  readonly refusal?: { readonly code: ErrorCode; readonly reason: string } | undefined
}

export interface Kept {
  readonly owner: OwnerRow | undefined
  readonly numbers: ReadonlyMap<string, NumbersRow>
  /** By their place, lowest first. */
  readonly messages: readonly (readonly [place: number, row: MessageRow])[]
}

export const OWNER = "owner"
const NUMBERS = "numbers/"
export const MESSAGE = "message/"
/** Enough for places to sort as texts. */
const PLACE_DIGITS = 12

export const numbersKey = (channel: string): string => NUMBERS + channel
export const messageKey = (place: number): string => MESSAGE + String(place).padStart(PLACE_DIGITS, "0")
export const ownerRow = (owner: OwnerRow): unknown => ({ version: VERSION, ...owner })

/** Reads what this file has written. Fails with INVALID_OPTIONS on rows of another version, and UNRECOVERABLE on what nobody has written. */
export function readRows(rows: ReadonlyMap<string, unknown>): Kept {
  const owner = rows.get(OWNER)
  if (owner !== undefined) checkOwner(owner)
  function under<T>(prefix: string, fields: Readonly<Record<string, (value: unknown) => boolean>>): (readonly [name: string, row: T])[] {
    const found = [...rows].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [key, row] of found) checkRow(key, row, fields)
    return found.map(([key, row]) => [key.slice(prefix.length), row as T])
  }
  return {
    owner: owner as OwnerRow | undefined,
    numbers: new Map(under<NumbersRow>(NUMBERS, { last: count(0) })),
    messages: under<MessageRow>(MESSAGE, MESSAGE_FIELDS).map(([place, row]) => {
      checkRow(MESSAGE + place, { place: Number(place) }, { place: count(1) })
      return [Number(place), row]
    }),
  }
}

/** What the protocol allows in names and references, and in users and sessions. */
const [SHORT, LONG, CHANNEL] = [text(64), text(256), text(1_024)]

const MESSAGE_FIELDS = {
  id: SHORT,
  channel: CHANNEL,
  at: (at: unknown) => typeof at === "number",
  sequence: optional(count(1)),
  refusal: optional((refusal) => isErrorCode(Object(refusal).code)),
  message(message: unknown) {
    const { name, data, ref } = Object(message)
    return SHORT(name) && SHORT(ref) && data !== undefined
  },
}

function checkOwner(owner: unknown): void {
  const { version } = Object(owner)
  if (typeof version === "number" && version !== VERSION) {
    const problem = `the outbox was kept by another version: its rows have ${version}, this one reads ${VERSION}`
    throw new MagpieError("INVALID_OPTIONS", problem, { details: { field: "outbox" } })
  }
  checkRow(OWNER, owner, { version: count(VERSION), producer: SHORT, session: LONG, user: optional(LONG), link: optional(count(0)) })
}
