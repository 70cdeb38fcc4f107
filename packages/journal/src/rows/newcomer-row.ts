import { type RefusedRecord, refusalCode } from "./producer-row.ts"
import { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** A producer of which a channel holds nothing but what was refused to it, from number 1 on. */
export interface NewcomerRow {
  readonly channel: string
  readonly producer: string
  readonly refusals: readonly RefusedRecord[]
}

export function encodeNewcomerRow(writer: RowWriter, { channel, producer, refusals }: NewcomerRow): Uint8Array {
  writer.begin().text(channel).text(producer)
  for (const { refused, ref } of refusals) writer.text(refused).u32(ref)
  return writer.end()
}

export function decodeNewcomerRow(bytes: Uint8Array): NewcomerRow {
  const reader = new RowReader(bytes)
  const [channel, producer] = [reader.text(), reader.text()]
  const refusals: RefusedRecord[] = []
  while (!reader.done) refusals.push({ refused: refusalCode(reader.text()), ref: reader.u32() })
  return { channel, producer, refusals }
}
