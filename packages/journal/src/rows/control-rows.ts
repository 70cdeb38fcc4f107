import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

export interface ClaimRow {
  readonly owner: string
  /** Of the entry that began the ownership. */
  readonly position: number
  readonly until: number
}

export function encodeClaim(writer: RowWriter, { owner, position, until }: ClaimRow): Uint8Array {
  return writer.begin().text(owner).number(position).number(until).end()
}

export function decodeClaim(bytes: Uint8Array): ClaimRow {
  const reader = new RowReader(bytes)
  return { owner: reader.text(), position: reader.number(), until: reader.number() }
}

export interface RevocationRow {
  readonly issuedUntil: number
  readonly until: number
}

export function encodeRevocation(writer: RowWriter, { issuedUntil, until }: RevocationRow): Uint8Array {
  return writer.begin().number(issuedUntil).number(until).end()
}

export function decodeRevocation(bytes: Uint8Array): RevocationRow {
  const reader = new RowReader(bytes)
  return { issuedUntil: reader.number(), until: reader.number() }
}

export interface NodeRow {
  readonly name: string
  /** The newest rules that it knows. */
  readonly supports: number
}

export function encodeNode(writer: RowWriter, { name, supports }: NodeRow): Uint8Array {
  return writer.begin().text(name).number(supports).end()
}

export function decodeNode(bytes: Uint8Array): NodeRow {
  const reader = new RowReader(bytes)
  return { name: reader.text(), supports: reader.number() }
}
