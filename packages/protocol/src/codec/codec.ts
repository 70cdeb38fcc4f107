import type { MagpieError } from "../errors.ts"
import type { DownMessage } from "../messages/down.ts"
import type { Counts, MembersPage, Present } from "../messages/members.ts"
import type { Row, Rows } from "../messages/row.ts"
import type { UpMessage } from "../messages/up.ts"
import type { Watched } from "../messages/watch.ts"
import type { Position } from "../position.ts"

/** One message, or several joined, as they go into a frame. Text for JSON, bytes for a binary codec. */
export type Encoded = string | Uint8Array

/** How messages become frames. Values that come out of `decode` are strangers until `parseUp` or `parseDown` has seen them. */
export interface Codec {
  readonly subprotocol: string
  encode(message: UpMessage | DownMessage): Encoded
  /** Several messages for one frame. Only sides that speak the subprotocol may be sent more than one. */
  join(parts: readonly Encoded[]): Encoded
  /** The messages of one frame. Fails with BAD_REQUEST. */
  decode(frame: Encoded): readonly unknown[]
}

declare const jsonText: unique symbol
/** A value that is already written as JSON, so that nobody writes or reads it twice. */
export type JsonText = string & { readonly [jsonText]: true }

/** What is delivered and stored: one message of a channel, its data already encoded. */
export interface Publication {
  readonly channel: string
  readonly name: string
  readonly data: JsonText
  /** Server time in milliseconds since 1970; never decreases within a channel. */
  readonly at: number
  readonly from?: string | undefined
  readonly ref?: string | undefined
  /** Absent on what is not stored. */
  readonly offset?: number | undefined
  readonly mark?: string | undefined
  /** The offset before which it stands in the log as it is now, where that is not the one right before. */
  readonly since?: number | undefined
  /** What became of it since, already encoded: a `Changed`. Absent on what is as it was published. */
  readonly changed?: JsonText | undefined
}

export interface DecodeLimits {
  readonly jsonDepth: number
  readonly jsonKeys: number
  readonly messagesPerFrame: number
  /** Malformed messages that a connection survives. */
  readonly badRequests: number
}

export interface PageHeader {
  readonly id: number | undefined
  readonly channel: string
  readonly more: boolean
  readonly position: Position
}

/** From where to where rows of a table lead. */
export type RowsHeader = Omit<Rows, "type" | "rows">

/** A row whose value, or whose fields, are written already. */
export interface RowText extends Omit<Row, "data" | "fields"> {
  readonly data?: JsonText | undefined
  readonly fields?: JsonText | undefined
}

/** A member whose state is written already. */
export interface PresentText extends Omit<Present, "state"> {
  readonly state: JsonText
}

/** What became of some members, each with its outcome only. */
export interface PresenceDelta {
  readonly channel: string
  readonly since?: number | undefined
  readonly version: number
  readonly counts: Counts
  readonly joined: readonly PresentText[]
  readonly updated: readonly Pick<PresentText, "member" | "state">[]
  readonly left: readonly string[]
}

/** One message of a stranger's frame: its value, or why it has none and the request id that it seems to carry. */
export type Decoded = { readonly value: unknown } | { readonly error: MagpieError; readonly id: number | undefined }

/** The server's half: encodes publications without re-reading their data, and decodes what strangers send. */
export interface ServerCodec extends Codec {
  encodePublication(publication: Publication): Encoded
  encodePage(header: PageHeader, publications: readonly Publication[]): Encoded
  /** A row as `encodeRows` takes it, so that what many are given is written once. */
  encodeRow(row: RowText): Encoded
  /** Rows that this codec wrote. */
  encodeRows(header: RowsHeader, rows: readonly Encoded[]): Encoded
  encodePresence(delta: PresenceDelta): Encoded
  encodeWatched(header: Omit<Watched, "type" | "page">, page: readonly PresentText[] | undefined): Encoded
  encodeMembers(header: Omit<MembersPage, "type" | "page">, page: readonly PresentText[]): Encoded
  /**
   * `several` allows more than one message in the frame; each that is malformed or beyond the limits stands as its refusal,
   * and costs its neighbours nothing, up to the one that is more than `badRequests` allows: what follows it is left out. Fails
   * with BAD_REQUEST where the frame as a whole cannot be taken.
   */
  decodeUntrusted(frame: Encoded, limits: DecodeLimits, several: boolean): readonly Decoded[]
}
