import type { JsonText } from "@magpie/protocol"
import { parseBusJson } from "../core/bus-json.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Claim, Farewell } from "./claims.ts"

type ClaimRow = readonly [member: string, user: string | null, at: number, link: number, revision: number, state: string]
type FarewellRow = readonly [member: string, link: number, revision: number]
type NamedRow = readonly [member: string, revision: number]

/** What nodes say to each other about presence, as JSON. A kind that a node does not know is left alone. */
export type BusMessage = { readonly node: string } /** In a room: what is new with its members. */ & (
  | { readonly kind: "delta"; readonly put: readonly ClaimRow[]; readonly bye: readonly FarewellRow[] }
  /** In a room, after deltas with all of them: the members of one bucket, up to that revision, and nobody else. */
  | {
      readonly kind: "bucket"
      readonly index: number
      readonly of: number
      readonly revision: number
      readonly named: readonly NamedRow[]
    }
  /** In a room: the sums of all buckets, so that only those that differ are asked for. */
  | { readonly kind: "sums"; readonly sums: readonly number[] }
  /** To all: the node lives, and how many members it has in which room, with their sum. */
  | { readonly kind: "digest"; readonly rooms: readonly (readonly [channel: string, members: number, sum: number])[] }
  /** To all: this node begins to follow rooms; whoever has members there says so. */
  | { readonly kind: "open"; readonly channels: readonly string[] }
  /** To one: what it claims in a room is unknown here, all of it or these buckets. */
  | { readonly kind: "ask"; readonly to: string; readonly channel: string; readonly of: number; readonly buckets: readonly number[] }
)

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

export function encodeBusMessage(message: BusMessage): Uint8Array {
  return utf8.encode(JSON.stringify(message))
}

/** Undefined for what is no message of this version: whatever stands on the bus, a node goes on. */
export function decodeBusMessage(bytes: Uint8Array): BusMessage | undefined {
  const message = parseBusJson(fromUtf8.decode(bytes))
  const { kind, node } = Object(message) as { kind?: unknown; node?: unknown }
  const isSound = typeof kind === "string" && Object.hasOwn(FIELDS, kind) ? FIELDS[kind as BusMessage["kind"]] : undefined
  return typeof node === "string" && isSound?.(message as never) ? (message as BusMessage) : undefined
}

type Unknown<M> = { readonly [K in keyof M]: unknown }

/** Whether the fields of each kind are what they are said to be. Rows may go on behind what this version reads. */
const FIELDS: { readonly [K in BusMessage["kind"]]: (message: Unknown<Extract<BusMessage, { readonly kind: K }>>) => boolean } = {
  delta: ({ put, bye }) =>
    isList(put, isClaimRow) &&
    isList(bye, ([member, ...numbers]) => isText(member) && numbers.slice(0, 2).every(isCount) && numbers.length >= 2),
  bucket: ({ index, of, revision, named }) =>
    [index, of, revision].every(isCount) && isList(named, ([member, its]) => isText(member) && isCount(its)),
  sums: ({ sums }) => Array.isArray(sums) && sums.every(isCount),
  digest: ({ rooms }) => isList(rooms, ([channel, members, sum]) => isText(channel) && isCount(members) && isCount(sum)),
  open: ({ channels }) => Array.isArray(channels) && channels.every(isText),
  ask: ({ to, channel, of, buckets }) => isText(to) && isText(channel) && isCount(of) && Array.isArray(buckets) && buckets.every(isCount),
}

function isClaimRow([member, user, at, link, revision, state]: readonly unknown[]): boolean {
  const isSaid = isText(member) && (user === null || isText(user)) && Number.isFinite(at) && isCount(link) && isCount(revision)
  // It becomes a part of clients' frames as it is.
  return isSaid && isText(state) && !state.includes("\n") && parseBusJson(state) !== undefined
}

function isList(value: unknown, isSound: (row: readonly unknown[]) => boolean): boolean {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && isSound(row))
}

function isText(value: unknown): value is string {
  return typeof value === "string"
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** A message is about so long at most; a text within JSON may double, and the rest of a row is short. */
const DELTA_BYTES = 65_536
const ROW_BYTES = 500

/** Claims and farewells as deltas of bounded length. */
export function deltasOf(node: string, claims: Iterable<Claim>, farewells: Iterable<Farewell> = []): readonly BusMessage[] {
  const deltas: BusMessage[] = []
  let put: ClaimRow[] = []
  let bye: FarewellRow[] = []
  let bytes = 0
  function end(): void {
    if (put.length + bye.length > 0) deltas.push({ kind: "delta", put, bye, node })
    ;[put, bye, bytes] = [[], [], 0]
  }
  function count(rowBytes: number): void {
    if (bytes + rowBytes > DELTA_BYTES) end()
    bytes += rowBytes
  }
  for (const claim of claims) {
    count(ROW_BYTES + 2 * claim.bytes)
    put.push(claimRow(claim))
  }
  for (const farewell of farewells) {
    count(ROW_BYTES)
    bye.push(farewellRow(farewell))
  }
  end()
  return deltas
}

function claimRow({ member, user, at, link, revision, state }: Claim): ClaimRow {
  return [member, user ?? null, at, link, revision, state]
}

export function readClaimRow(node: string, [member, user, at, link, revision, state]: ClaimRow): Claim {
  // Written by the node that made it from a validated value.
  const text = state as JsonText
  return { member, user: user ?? undefined, at, link, revision, state: text, bytes: encodedBytes(text), node }
}

function farewellRow({ member, link, revision }: Farewell): FarewellRow {
  return [member, link, revision]
}

export function readFarewellRow(node: string, [member, link, revision]: FarewellRow): Farewell {
  return { member, node, link, revision }
}
