/** Everything that a node must know to go on from a place of a partition's log without what came before. */
export interface SnapshotPlace {
  readonly partition: number
  readonly position: number
  /** Of the record at that position, by which a node sees that the log is still the same. */
  readonly mark: number
  readonly hash: string
  readonly epoch: string
}

export interface Snapshot extends SnapshotPlace {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * Where snapshots are kept, for all nodes; one a partition and position. Every call, and every step through the chunks of a
 * snapshot that it gives, settles within a bounded time. A log gives up what has not moved on for `SNAPSHOT_STALL_MS`, goes
 * on without it and tries again later.
 */
export interface SnapshotStore {
  /**
   * Resolves when the whole of it is durable; before that nobody sees it. Takes the place of one at the same position. Where
   * the chunks fail, so does the call, and nothing is kept. Fails with UNAVAILABLE.
   */
  put(snapshot: Snapshot): Promise<void>
  /** The one with the highest position below `before`. Fails with UNAVAILABLE, and so may its chunks, when it is removed meanwhile. */
  newest(partition: number, before: number): Promise<Snapshot | undefined>
  /** Lets go of those of a partition below a position. Fails with UNAVAILABLE. */
  remove(partition: number, before: number): Promise<void>
}

/** A store for tests and for nodes of one process. */
export function memorySnapshots(): SnapshotStore {
  const kept = new Map<string, Omit<Snapshot, "chunks"> & { readonly chunks: readonly Uint8Array[] }>()
  return {
    async put(snapshot) {
      const chunks: Uint8Array[] = []
      for await (const chunk of snapshot.chunks) chunks.push(chunk.slice())
      kept.set(`${snapshot.partition}/${snapshot.position}`, { ...snapshot, chunks })
    },
    async newest(partition, before) {
      const fitting = [...kept.values()].filter((one) => one.partition === partition && one.position < before)
      return fitting.reduce<Snapshot | undefined>(
        (best, one) => (best === undefined || one.position > best.position ? one : best),
        undefined,
      )
    },
    async remove(partition, before) {
      for (const [name, one] of kept) if (one.partition === partition && one.position < before) kept.delete(name)
    },
  }
}
