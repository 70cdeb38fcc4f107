import type { Codec, Encoded } from "@magpie/protocol"
import { type Batch, createBatch } from "../flow/batch.ts"

/**
 * What one connection will write at the end of this turn, in order: its own replies, joined where they follow one another,
 * and batches that it shares with others.
 */
export interface Outbound {
  readonly bytes: number
  add(encoded: Encoded): void
  addBatch(batch: Batch): void
  /** Everything gathered, and starts anew. */
  take(): readonly Batch[]
}

export function createOutbound(codec: Codec, oneAFrame: boolean): Outbound {
  let batches: Batch[] = []
  let open: Encoded[] = []
  let bytes = 0

  function seal(): void {
    const [first] = open
    if (first === undefined) return
    batches.push(createBatch(open.length === 1 ? first : codec.join(open), open.length))
    open = []
  }

  return {
    get bytes() {
      return bytes
    },
    add(encoded) {
      bytes += encoded.length
      open.push(encoded)
      if (oneAFrame) seal()
    },
    addBatch(batch) {
      seal()
      bytes += batch.bytes
      batches.push(batch)
    },
    take() {
      seal()
      const taken = batches
      batches = []
      bytes = 0
      return taken
    },
  }
}
