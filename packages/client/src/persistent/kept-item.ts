import { MagpieError } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"
import type { Entry } from "../outbox/channel-queue.ts"
import type { KeptMessage, SendState } from "./kept-message.ts"
import type { MessageRow } from "./rows.ts"

/** One entry of the outbox, and what is kept of it. */
export interface KeptItem {
  readonly id: string
  readonly channel: string
  readonly entry: Entry
  readonly at: number
  readonly restored: boolean
  /** Its place among the rows; undefined before there are any. */
  place: number | undefined
  /** The number under which it is to leave. */
  sequence: number | undefined
  /** Whether its row is on the disk, the number that it has there, and how often it is on its way. */
  isKept: boolean
  keptSequence: number | undefined
  writing: number
  state: SendState
  receipt: Receipt | undefined
  /** Why it will never be stored. */
  error: MagpieError | undefined
}

type Fields = Pick<KeptItem, "id" | "channel" | "entry" | "at">

export function newItem(fields: Fields): KeptItem {
  return {
    ...fields,
    restored: false,
    place: undefined,
    sequence: undefined,
    isKept: false,
    keptSequence: undefined,
    writing: 0,
    state: "pending",
    receipt: undefined,
    error: undefined,
  }
}

/** What an earlier life has left. Nobody waits for its promise, and what has a number may have been stored. */
export function restoredItem(place: number, { id, channel, message, at, sequence, refusal }: MessageRow): KeptItem {
  const entry: Entry = { message, sequence: sequence ?? 0, unsure: sequence !== undefined, flying: false, resolve() {}, reject() {} }
  const error = refusal && new MagpieError(refusal.code, refusal.reason)
  const state = error ? stateOf(error) : sequence === undefined ? "pending" : "sent"
  return { ...newItem({ id, channel, entry, at }), restored: true, place, sequence, isKept: true, keptSequence: sequence, state, error }
}

export function rowOf({ id, channel, entry, at, sequence, error }: KeptItem): MessageRow {
  const refusal = error && { code: error.code, reason: error.reason }
  return { id, channel, message: entry.message, at, sequence, refusal }
}

export function viewOf({ id, channel, entry, at, state, isKept, restored, receipt, error }: KeptItem): KeptMessage {
  return { id, channel, ...entry.message, at, state, kept: isKept, restored, receipt, error }
}

/** What a refusal makes of a message. */
export function stateOf({ code }: MagpieError): SendState {
  return code === "EXPIRED" ? "expired" : "rejected"
}
