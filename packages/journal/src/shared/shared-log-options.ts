import { type Env, MagpieError } from "@magpie/protocol"
import { checkSettings } from "../door.ts"
import type { DurableLogSettings } from "../durable-log.ts"
import type { Journal } from "../journal.ts"
import { isIntact } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { decodeNumber, encodeNumber } from "../rows/system-rows.ts"
import type { Storage } from "../storage/storage.ts"
import type { SnapshotStore } from "./snapshot.ts"

const PARTITIONS_KEY = "l/partitions"

export interface SharedLogOptions {
  readonly storage: Storage
  /** A retained journal with at least two partitions. The log owns it. */
  readonly journal: Journal
  readonly env: Env
  readonly settings: DurableLogSettings
  /** Names the node for people. */
  readonly node: string
  /** Where the nodes keep snapshots. Without it the journal is never trimmed by Magpie. */
  readonly snapshots?: SnapshotStore
  /** Records of a partition between two snapshots of it, roughly. Default 100,000. */
  readonly snapshotEvery?: number
  /** The newest rules of the state machine that this node knows. Default: those of this Magpie. */
  readonly supports?: number
  /** How long opening may take. Default 60,000. */
  readonly openMs?: number
}

/** Fails with INVALID_OPTIONS, naming the option. */
export async function checkSharedLogOptions({ journal, settings, storage }: SharedLogOptions): Promise<void> {
  checkSettings(settings)
  const { retained, partitions } = journal.capabilities
  if (!retained || partitions < 2) {
    throw new MagpieError("INVALID_OPTIONS", "journal: must be retained and have at least two partitions", {
      details: { option: "journal" },
    })
  }
  const row = storage.get(PARTITIONS_KEY)
  if (row === undefined || !isIntact(row)) {
    await storage.commit([{ put: PARTITIONS_KEY, value: encodeNumber(new RowWriter(64), partitions) }])
    return
  }
  // A channel's partition follows from its name and their number.
  const before = decodeNumber(row)
  if (before === partitions) return
  const details = { option: "journal", before, partitions }
  throw new MagpieError("INVALID_OPTIONS", `journal: has ${partitions} partitions, the storage was filled with ${before}`, { details })
}
