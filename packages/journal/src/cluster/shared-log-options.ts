import { type Env, MagpieError } from "@magpie/protocol"
import { checkSettings, isLonger, isName } from "../door.ts"
import type { DurableLogSettings } from "../durable-log.ts"
import type { Journal } from "../journal.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { decodeNumber, encodeNumber } from "../rows/system-rows.ts"
import type { Storage } from "../storage/storage.ts"
import { intact } from "./generations.ts"
import type { SnapshotStore } from "./snapshot.ts"

/** Length of a node's name. With what makes it unique it stands in every record of the node. */
const NODE_NAME_BYTES = 255
const PARTITIONS_KEY = "l/partitions"

export interface SharedLogOptions {
  readonly storage: Storage
  /** A retained journal with at least two partitions. The log owns it. */
  readonly journal: Journal
  readonly env: Env
  readonly settings: DurableLogSettings
  /** Names the node for people: up to 255 bytes without control characters. */
  readonly node: string
  /** Where the nodes keep snapshots. Without it the journal is never trimmed by Magpie. */
  readonly snapshots?: SnapshotStore
  /** Records of a partition between two snapshots of it, roughly. Default 100,000. */
  readonly snapshotEvery?: number
  /** The newest rules of the state machine that this node knows. Default: those of this Magpie. */
  readonly supports?: number
  /** How long opening may take. Default 60,000. */
  readonly openMs?: number
  /** Gives the opening up. After it has no effect. */
  readonly signal?: AbortSignal
}

/** Fails with INVALID_OPTIONS, naming the option, and with STORAGE_FENCED where the storage is damaged. */
export async function checkSharedLogOptions(options: SharedLogOptions): Promise<void> {
  const { journal, settings, storage } = options
  checkSettings(settings)
  checkPlainOptions(options)
  const { retained, partitions } = journal.capabilities
  if (!retained || partitions < 2) {
    throw new MagpieError("INVALID_OPTIONS", "journal: must be retained and have at least two partitions", {
      details: { option: "journal" },
    })
  }
  const row = intact(storage, PARTITIONS_KEY)
  if (row === undefined) {
    await storage.commit([{ put: PARTITIONS_KEY, value: encodeNumber(new RowWriter(64), partitions) }])
    return
  }
  // A channel's partition follows from its name and their number.
  const before = decodeNumber(row)
  if (before === partitions) return
  const details = { option: "journal", before, partitions }
  throw new MagpieError("INVALID_OPTIONS", `journal: has ${partitions} partitions, the storage was filled with ${before}`, { details })
}

function checkPlainOptions({ node, snapshotEvery, supports, openMs }: SharedLogOptions): void {
  if (node === "" || isLonger(node, NODE_NAME_BYTES) || !isName(node)) {
    refuse("node", `is no name of 1 to ${NODE_NAME_BYTES} bytes without control characters`)
  }
  for (const [option, value] of Object.entries({ snapshotEvery, supports, openMs })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) refuse(option, "is no whole number from 1")
  }
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
