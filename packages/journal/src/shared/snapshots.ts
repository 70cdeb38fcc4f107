import { type Env, isMagpieError } from "@magpie/protocol"
import type { Journal } from "../journal.ts"
import type { PartitionLog } from "./partition-log.ts"
import type { SnapshotStore } from "./snapshot.ts"

const RECORDS_BETWEEN = 100_000

export interface SnapshotsOptions {
  readonly env: Env
  readonly journal: Journal
  readonly store: SnapshotStore
  readonly partitions: readonly PartitionLog[]
  readonly every: number | undefined
}

/** Takes snapshots now and then, and lets the journal go of what older ones hold. */
export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #every: number
  /** Records since this node last took or saw a snapshot, by partition. */
  readonly #since: number[]
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: SnapshotsOptions) {
    this.#options = options
    // Nodes differ, so that mostly one takes it and the others see that it is there.
    this.#every = Math.round((options.every ?? RECORDS_BETWEEN) * (1 + options.env.random.float() / 2))
    this.#since = options.partitions.map(() => 0)
  }

  applied(partition: number, records: number): void {
    const since = (this.#since[partition] ?? 0) + records
    this.#since[partition] = since
    if (since < this.#every) return
    this.#since[partition] = 0
    this.#underWay = this.#underWay
      .then(() => this.#takeWhereDue(partition))
      .catch((error: unknown) => {
        this.#options.env.log("error", "journal.snapshot-failed", { partition, code: isMagpieError(error) ? error.code : "INTERNAL" })
      })
  }

  async takeAll(): Promise<void> {
    for (const index of this.#options.partitions.keys()) await this.#take(index)
  }

  async #takeWhereDue(index: number): Promise<void> {
    const { store, partitions } = this.#options
    const newest = await store.newest(index, Number.POSITIVE_INFINITY)
    const position = partitions[index]?.machine.position ?? 0
    if (newest === undefined || newest.position > position || position - newest.position >= this.#every / 2) await this.#take(index)
  }

  /**
   * The log goes on to hold at least half an interval behind the snapshot to which it is trimmed, so that a state can still be
   * built when the broker loses its newest records. That snapshot's own record stays too: it proves that the log is its log.
   */
  async #take(index: number): Promise<void> {
    const { store, partitions, journal } = this.#options
    const taken = await partitions[index]?.snapshot(store)
    if (taken === undefined) return
    const behind = await store.newest(index, taken.position - Math.floor(this.#every / 2) + 1)
    // One of an earlier epoch may be of records that were lost.
    if (behind?.epoch === taken.epoch) await journal.trim(index, behind.position)
  }
}
