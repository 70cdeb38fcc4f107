import type { Bounded } from "./bounded.ts"
import type { Snapshot, SnapshotStore } from "./snapshot.ts"

/** How long a store may go without moving on. */
export const SNAPSHOT_STALL_MS = 30_000

/** A store that keeps its port's word about time: what stalls fails with UNAVAILABLE, or with CLOSED when `bounded` is closed. */
export function boundedSnapshots(store: SnapshotStore, bounded: Bounded): SnapshotStore {
  return {
    put: (snapshot) =>
      bounded.within(SNAPSHOT_STALL_MS, "the snapshot store", (moved) => store.put({ ...snapshot, chunks: told(snapshot.chunks, moved) })),
    async newest(partition, before) {
      const found = await bounded.within(SNAPSHOT_STALL_MS, "the snapshot store", () => store.newest(partition, before))
      return found && { ...found, chunks: awaited(found.chunks, bounded) }
    },
    remove: (partition, before) => bounded.within(SNAPSHOT_STALL_MS, "the snapshot store", () => store.remove(partition, before)),
  }
}

/** Says when a chunk is taken. */
async function* told(chunks: Snapshot["chunks"], moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    moved()
    yield chunk
  }
}

async function* awaited(chunks: Snapshot["chunks"], bounded: Bounded): AsyncGenerator<Uint8Array> {
  const source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  try {
    for (;;) {
      const { done, value } = await bounded.within(SNAPSHOT_STALL_MS, "a snapshot", async () => source.next())
      if (done === true) return
      yield value
    }
  } finally {
    void Promise.resolve(source.return?.()).catch(() => {})
  }
}
