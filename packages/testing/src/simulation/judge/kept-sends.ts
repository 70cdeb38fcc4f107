import type { KeptMessage } from "@magpie/client/persistent"
import type { AckLevel, Position } from "@magpie/protocol"
import type { LogTruth } from "./log-truth.ts"
import type { Publishes, PublishRecord } from "./publishes.ts"
import { Violation } from "./violation.ts"

/** What pages leave on the disk when they go: later ones send it once and in order, or are told why not [G1, G2, G3]. */
export interface KeptSends {
  /** A page has gone, and this of what its user sent was on the disk, each with whether it has a number. The rest has no outcome. */
  left(kept: ReadonlyMap<string, boolean>): void
  /** A later page was told of one. */
  told(message: Pick<KeptMessage, "data" | "restored" | "state" | "receipt" | "error">): void
}

export interface KeptSendsOptions {
  readonly publishes: Publishes
  readonly truth: LogTruth
  acknowledged(record: PublishRecord, position: Position, level: AckLevel): void
  reached(what: string): void
}

export function createKeptSends({ publishes, truth, acknowledged, reached }: KeptSendsOptions): KeptSends {
  return {
    left(kept) {
      for (const [id, isNumbered] of kept) {
        const record = publishes.find(id)
        if (record === undefined) throw new Violation("I3", `${id} is on a disk, and nobody sent it`)
        record.isKept = true
        reached(isNumbered ? "kept-after-it-may-have-left" : "kept-before-it-left")
      }
    },
    told({ data, restored, state, receipt, error }) {
      if (!restored) return
      const { id } = data as { readonly id: string }
      const record = publishes.find(id)
      if (record === undefined) throw new Violation("I3", `${id} came back from a disk, and nobody sent it`)
      const isPending = record.outcome.result === "pending"
      if (receipt !== undefined && isPending) acknowledged(record, receipt.position, receipt.level)
      // Its page had been told already.
      else if (receipt !== undefined) truth.saw(`a later page of ${record.publisher}`, record.channel, receipt.position, id)
      else if (error !== undefined && isPending) publishes.failed(record, error.code)
      if (state !== "pending" && state !== "sent") reached(`kept-then-${state}`)
    },
  }
}
