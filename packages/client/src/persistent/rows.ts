import { type ErrorCode, MagpieError } from "@magpie/protocol"
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

/** Reads what this file has written. Fails with INVALID_OPTIONS on rows of another version. */
export function readRows(rows: ReadonlyMap<string, unknown>): Kept {
  const owner = rows.get(OWNER) as (OwnerRow & { readonly version: number }) | undefined
  if (owner !== undefined && owner.version !== VERSION) {
    const problem = `the outbox was kept by another version: its rows have ${owner.version}, this one reads ${VERSION}`
    throw new MagpieError("INVALID_OPTIONS", problem, { details: { field: "outbox" } })
  }
  const under = (prefix: string) => [...rows].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    owner,
    numbers: new Map(under(NUMBERS).map(([key, row]) => [key.slice(NUMBERS.length), row as NumbersRow])),
    messages: under(MESSAGE).map(([key, row]) => [Number(key.slice(MESSAGE.length)), row as MessageRow]),
  }
}
