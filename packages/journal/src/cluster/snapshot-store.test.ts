import { describe, expect, test } from "vitest"
import { memorySnapshots, type Snapshot, type SnapshotStore } from "./snapshot.ts"
import { snapshotStoreConformance } from "./snapshot-store-conformance.ts"

describe("the store in memory", () => {
  snapshotStoreConformance({ test, create: memorySnapshots })
})

type Alter = (store: SnapshotStore) => Partial<SnapshotStore>

/** Each breaks one promise of the port; the suite must notice. */
const SABOTEURS: Readonly<Record<string, Alter>> = {
  "gives the oldest": (store) => ({
    async newest(partition, before) {
      let found = await store.newest(partition, before)
      for (let next = found; next !== undefined; next = await store.newest(partition, next.position)) found = next
      return found
    },
  }),
  "gives the one at the limit itself": (store) => ({ newest: (partition, before) => store.newest(partition, before + 1) }),
  "keeps what failed half way": (store) => ({
    async put(snapshot) {
      const chunks: Uint8Array[] = []
      try {
        for await (const chunk of snapshot.chunks) chunks.push(chunk.slice())
      } catch {}
      await store.put({ ...snapshot, chunks })
    },
  }),
  "gives chunks once": (store) => ({
    async put(snapshot) {
      const chunks: Uint8Array[] = []
      for await (const chunk of snapshot.chunks) chunks.push(chunk.slice())
      const once = chunks.values()
      await store.put({ ...snapshot, chunks: [] })
      given.set(snapshot.position, once)
    },
    async newest(partition, before) {
      const found = await store.newest(partition, before)
      return found && { ...found, chunks: given.get(found.position) ?? [] }
    },
  }),
  "keeps chunks that are written to again": (store) => ({
    async put(snapshot) {
      const chunks: Uint8Array[] = []
      for await (const chunk of snapshot.chunks) chunks.push(chunk)
      await store.put({ ...snapshot, chunks })
    },
  }),
  "keeps the first of two at one position": (store) => ({
    async put(snapshot) {
      const there = await store.newest(snapshot.partition, snapshot.position + 1)
      if (there?.position !== snapshot.position) await store.put(snapshot)
    },
  }),
  "removes nothing": () => ({ remove: () => Promise.resolve() }),
  "removes the one at the position too": (store) => ({ remove: (partition, before) => store.remove(partition, before + 1) }),
  "removes of all partitions": (store) => ({
    async remove(_partition, before) {
      for (const partition of [0, 1]) await store.remove(partition, before)
    },
  }),
  "forgets the mark": (store) => ({ put: (snapshot) => store.put({ ...snapshot, mark: 0 }) }),
}

const given = new Map<number, Snapshot["chunks"]>()

describe("the suite of snapshot stores", () => {
  for (const [sabotage, alter] of Object.entries(SABOTEURS)) {
    test(`catches a store that ${sabotage}`, async () => {
      const cases: (() => Promise<void>)[] = []
      const create = (): SnapshotStore => {
        const store = memorySnapshots()
        return { ...store, ...alter(store) }
      }
      snapshotStoreConformance({ test: (_name, run) => void cases.push(run), create })
      const results = await Promise.allSettled(cases.map((run) => run()))
      expect(results.filter(({ status }) => status === "rejected")).not.toHaveLength(0)
    })
  }
})
