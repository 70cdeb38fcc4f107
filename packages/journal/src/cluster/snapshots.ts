import { type Env, isMagpieError, MagpieError } from "@magpie/protocol"
import type { Journal } from "../journal.ts"
import { Bounded } from "./bounded.ts"
import { boundedSnapshots } from "./bounded-snapshots.ts"
import type { PartitionLog } from "./partition-log.ts"
import type { SnapshotStore } from "./snapshot.ts"
import { chunksOf } from "./snapshot-rows.ts"

const RECORDS_BETWEEN = 100_000
/** How long the broker may take to let go of records. */
const TRIM_STALL_MS = 30_000

export interface SnapshotsOptions {
  readonly env: Env
  readonly journal: Journal
  readonly store: SnapshotStore
  readonly partitions: readonly PartitionLog[]
  readonly every: number | undefined
}

/** Takes snapshots now and then, one after the other, and lets journal and store go of what newer ones make needless. */
export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #bounded: Bounded
  readonly #store: SnapshotStore
  readonly #every: number
  /** Records since this node last took or saw a snapshot, by partition. */
  readonly #since: number[]
  #underWay: Promise<void> = Promise.resolve()

  constructor(options: SnapshotsOptions) {
    this.#options = options
    this.#bounded = new Bounded(options.env.clock)
    this.#store = boundedSnapshots(options.store, this.#bounded)
    // Nodes differ, so that mostly one takes it and the others see that it is there.
    this.#every = Math.round((options.every ?? RECORDS_BETWEEN) * (1 + options.env.random.float() / 2))
    this.#since = options.partitions.map(() => 0)
  }

  applied(partition: number, records: number): void {
    const since = (this.#since[partition] ?? 0) + records
    this.#since[partition] = since
    if (since < this.#every) return
    this.#since[partition] = 0
    this.#inTurn(() => this.#takeWhereDue(partition)).catch((error: unknown) => {
      const told = isMagpieError(error) ? { code: error.code, reason: error.reason } : { code: "INTERNAL" }
      if (told.code !== "CLOSED") this.#options.env.log("error", "journal.snapshot-failed", { partition, ...told })
    })
  }

  /** Fails with UNAVAILABLE, with UNRECOVERABLE where this node's state is damaged, or with CLOSED. */
  takeAll(): Promise<void> {
    return this.#inTurn(async () => {
      for (const index of this.#options.partitions.keys()) {
        if (!(await this.#take(index))) throw new MagpieError("UNAVAILABLE", "this node is catching up with the log")
      }
    })
  }

  /** Gives up what is under way. */
  close(): void {
    this.#bounded.close()
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#underWay.then(task)
    this.#underWay = done.catch(() => {})
    return done
  }

  async #takeWhereDue(index: number): Promise<void> {
    const newest = await this.#store.newest(index, Number.POSITIVE_INFINITY)
    const position = this.#options.partitions[index]?.machine.position ?? 0
    if (newest === undefined || newest.position > position || position - newest.position >= this.#every / 2) await this.#take(index)
  }

  /**
   * The log goes on to hold at least half an interval behind the snapshot to which it is trimmed, so that a state can still be
   * built when the broker loses its newest records. That snapshot's own record stays too: it proves that the log is its log.
   * Older snapshots lead nowhere then. Returns whether this node could say what its state is.
   */
  async #take(index: number): Promise<boolean> {
    const exported = await this.#options.partitions[index]?.export()
    if (exported === undefined) return false
    const { place, rows } = exported
    try {
      const newest = await this.#store.newest(index, Number.POSITIVE_INFINITY)
      const isThere = newest?.position === place.position && newest.mark === place.mark
      if (!isThere) await this.#store.put({ ...place, chunks: chunksOf(rows.rows()) })
    } finally {
      rows.end()
    }
    const behind = await this.#store.newest(index, place.position - Math.floor(this.#every / 2) + 1)
    // One of an earlier epoch may be of records that were lost.
    if (behind?.epoch === place.epoch) await this.#letGo(index, behind.position)
    return true
  }

  async #letGo(index: number, before: number): Promise<void> {
    const { journal } = this.#options
    await this.#bounded.within(TRIM_STALL_MS, "the trimming of the log", () => journal.trim(index, before))
    // Where only the broker's retention says how far the log goes back, one more may be of use.
    const oldest = journal.capabilities.trims ? before : (await this.#store.newest(index, before))?.position
    if (oldest !== undefined) await this.#store.remove(index, oldest)
  }
}
