import { isMagpieError, MagpieError } from "@magpie/protocol"
import type { JournalPlace } from "../journal.ts"
import type { Storage } from "../storage/storage.ts"
import { type Generations, NO_PLACE, type Place } from "./generations.ts"
import type { Snapshot, SnapshotStore } from "./snapshot.ts"
import { importRows } from "./snapshot-rows.ts"

export interface BuildOptions {
  readonly generations: Generations
  readonly partition: number
  readonly snapshots: SnapshotStore | undefined
  readonly supports: number
  /** What the journal has. */
  readonly journal: JournalPlace
  /** Snapshots that are damaged or of another log, by `snapshotName`. */
  readonly rejected: Set<string>
  /** Whether what was applied so far is still needed, since the log lost something of it. */
  readonly keep: boolean
}

/**
 * Starts a partition's state anew: from the newest snapshot from which the log goes on, or empty where the log is whole.
 * Returns where that is. Fails with UNRECOVERABLE where there is neither, UNAVAILABLE where the store is out of reach.
 */
export async function buildAnew(options: BuildOptions): Promise<Place> {
  const { generations, partition, snapshots, supports, journal, rejected, keep } = options
  let before = journal.newest + 1
  for (;;) {
    const next = await generations.prepare()
    const found: Snapshot | undefined = await snapshots?.newest(partition, before)
    const snapshot = found !== undefined && found.position >= journal.oldest ? found : undefined
    if (snapshot === undefined && journal.oldest > 1) throw noWayBack(partition, journal.oldest)
    if (snapshot !== undefined && (rejected.has(snapshotName(snapshot)) || !(await isImported(snapshot, next, supports)))) {
      rejected.add(snapshotName(snapshot))
      before = snapshot.position
      continue
    }
    const place = snapshot === undefined ? NO_PLACE : { position: snapshot.position, mark: snapshot.mark, incarnation: journal.incarnation }
    await generations.switchOver(place, keep)
    return place
  }
}

export const snapshotName = ({ position, mark }: Pick<Snapshot, "position" | "mark">): string => `${position}/${mark}`

async function isImported(snapshot: Snapshot, storage: Storage, supports: number): Promise<boolean> {
  try {
    await importRows(snapshot, storage, supports)
    return true
  } catch (error) {
    if (isMagpieError(error) && error.code === "UNRECOVERABLE") return false
    throw error
  }
}

function noWayBack(partition: number, oldest: number): MagpieError {
  return new MagpieError(
    "UNRECOVERABLE",
    `the log of partition ${partition} begins at ${oldest}, and there is neither a state from before that nor a snapshot; restore one of the two`,
    { details: { reason: "trimmed", partition, oldest } },
  )
}
