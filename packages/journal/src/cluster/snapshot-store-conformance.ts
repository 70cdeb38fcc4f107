import { equal } from "../journal-under-test.ts"
import type { Snapshot, SnapshotStore } from "./snapshot.ts"

export interface SnapshotStoreConformanceOptions {
  /** The runner's way to register a case, such as vitest's `test`. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A new, empty store for each case. */
  readonly create: () => SnapshotStore | Promise<SnapshotStore>
}

/** What every store of snapshots owes the log, as one suite for all of them. */
export function snapshotStoreConformance({ test, create }: SnapshotStoreConformanceOptions): void {
  for (const [name, run] of CASES) test(name, async () => run(await create()))
}

type Case = readonly [name: string, run: (store: SnapshotStore) => Promise<void>]

const CASES: readonly Case[] = [
  ["gives a snapshot back as it was, however often", givesBack],
  ["gives the one with the highest position below a limit, of that partition alone", givesNewest],
  ["puts one in the place of another at the same position", replaces],
  ["shows none before the whole of it is there, and keeps nothing of one that failed", showsWhole],
  ["lets go of those of a partition below a position, and of no others", removes],
]

const BYTES = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4)]

function snapshotAt(position: number, { partition = 1, mark = position, chunks = BYTES }: Partial<Snapshot> = {}): Snapshot {
  return { partition, position, mark, hash: `h${position}`, epoch: "e1", chunks }
}

async function givesBack(store: SnapshotStore): Promise<void> {
  equal(await store.newest(1, Number.POSITIVE_INFINITY), undefined)
  // Whoever gives chunks may write to them again once the next one is asked for.
  const reused = Uint8Array.of(0)
  function* chunks(): Generator<Uint8Array> {
    for (let value = 1; value <= 3; value++) {
      reused[0] = value
      yield reused
    }
  }
  await store.put(snapshotAt(7, { chunks: chunks() }))
  for (const _ of [1, 2]) {
    const found = await store.newest(1, Number.POSITIVE_INFINITY)
    equal(JSON.stringify(placeOf(found)), JSON.stringify(placeOf(snapshotAt(7))))
    equal(await contentOf(found), "1/2/3")
  }
}

async function givesNewest(store: SnapshotStore): Promise<void> {
  for (const position of [9, 3, 20, 11]) await store.put(snapshotAt(position))
  await store.put(snapshotAt(15, { partition: 0 }))
  for (const [before, position] of [
    [Number.POSITIVE_INFINITY, 20],
    [20, 11],
    [10, 9],
    [3, undefined],
  ] as const) {
    equal((await store.newest(1, before))?.position, position)
  }
  equal((await store.newest(0, Number.POSITIVE_INFINITY))?.position, 15)
}

async function replaces(store: SnapshotStore): Promise<void> {
  await store.put(snapshotAt(5, { mark: 1 }))
  await store.put(snapshotAt(5, { mark: 2, chunks: [Uint8Array.of(9)] }))
  const found = await store.newest(1, 6)
  equal(found?.mark, 2)
  equal(await contentOf(found), "9")
  equal(await store.newest(1, 5), undefined)
}

async function showsWhole(store: SnapshotStore): Promise<void> {
  let seen: Snapshot | undefined
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1)
    seen = await store.newest(1, Number.POSITIVE_INFINITY)
    throw new Error("given up")
  }
  let failed = false
  await store.put(snapshotAt(5, { chunks: broken() })).catch(() => {
    failed = true
  })
  equal(failed, true)
  equal(seen, undefined)
  equal(await store.newest(1, Number.POSITIVE_INFINITY), undefined)
}

async function removes(store: SnapshotStore): Promise<void> {
  for (const position of [3, 9, 11]) await store.put(snapshotAt(position))
  await store.put(snapshotAt(4, { partition: 0 }))
  await store.remove(1, 9)
  equal(await store.newest(1, 9), undefined)
  equal((await store.newest(1, 10))?.position, 9)
  equal((await store.newest(0, 10))?.position, 4)
  await store.remove(1, 9)
  equal((await store.newest(1, Number.POSITIVE_INFINITY))?.position, 11)
}

function placeOf(snapshot: Snapshot | undefined): unknown {
  return snapshot && [snapshot.partition, snapshot.position, snapshot.mark, snapshot.hash, snapshot.epoch]
}

async function contentOf(snapshot: Snapshot | undefined): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of snapshot?.chunks ?? []) chunks.push(chunk.join())
  return chunks.join("/")
}
