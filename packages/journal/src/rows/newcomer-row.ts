import type { ErrorCode } from "@magpie/protocol"
import { type RefusedRecord, refusalCode } from "./producer-row.ts"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** A producer of which a channel holds nothing but what was refused to it. */
export interface NewcomerRow {
  readonly channel: string
  readonly producer: string
  /** Its newest number. */
  readonly last: number
  /** Of its newest numbers, in order. */
  readonly refusals: readonly RefusedRecord[]
}

export function encodeNewcomerRow(writer: RowWriter, { channel, producer, last, refusals }: NewcomerRow): Uint8Array {
  writer.begin().text(channel).text(producer).number(last)
  let before: ErrorCode | undefined
  for (const { refused, ref } of refusals) {
    // Most are refused as the one before.
    writer.optional(refused === before ? undefined : refused).u32(ref)
    before = refused
  }
  return writer.end()
}

export function decodeNewcomerRow(bytes: Uint8Array): NewcomerRow {
  const reader = new RowReader(bytes)
  const [channel, producer, last] = [reader.text(), reader.text(), reader.number()]
  const refusals: RefusedRecord[] = []
  let code = ""
  while (!reader.done) {
    code = reader.optional() ?? code
    refusals.push({ refused: refusalCode(code), ref: reader.u32() })
  }
  return { channel, producer, last, refusals }
}
