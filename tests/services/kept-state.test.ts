import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSharedLog, partitionOf, type SharedLog, type SnapshotStore, type Storage } from "@magpie/journal"
import { type JsonText, toJsonText } from "@magpie/protocol"
import { directorySnapshots, lmdb } from "@magpie/server"
import { s3Snapshots } from "@magpie/snapshots-s3"
import { afterEach, expect, it } from "vitest"
import { fakeS3, KEYS, REGION } from "../../packages/snapshots-s3/src/fake-s3.fixture.ts"
import { KINDS, withBroker } from "./brokers.ts"
import { env, newName, until } from "./journal-bed.ts"

const CHANNEL = "c/1"
const PARTITION = partitionOf(CHANNEL, 2)
const SETTINGS = { retention: { "c/:id": { maxCount: 10_000, maxAgeMs: 86_400_000 } }, deduplicationMs: 86_400_000 }
const PAGE = { maxCount: 10_000, maxBytes: 100_000_000 }
const EVERY = 60

const directories: string[] = []
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

const STORES: readonly (readonly [name: string, create: () => Promise<SnapshotStore>])[] = [
  ["a directory", async () => directorySnapshots({ directory: newDirectory() })],
  [
    "a bucket",
    async () => {
      const { bucketUrl, close } = await fakeS3()
      ends.push(close)
      return s3Snapshots({ bucketUrl, region: REGION, credentials: KEYS })
    },
  ],
]

function newDirectory(): string {
  directories.push(mkdtempSync(join(tmpdir(), "magpie-kept-")))
  return directories.at(-1) as string
}

async function publishAll(log: SharedLog, from: number, count: number): Promise<void> {
  const data = (value: number) => toJsonText(value) as JsonText
  for (let value = from; value < from + count; value++) {
    await log.publish({ channel: CHANNEL, pattern: "c/:id", name: "n", data: data(value), producer: "p", sequence: value })
  }
}

const offsetsOf = (log: SharedLog): readonly number[] => log.readAfter(CHANNEL, 0, PAGE).publications.map(({ offset }) => offset ?? 0)

for (const kind of KINDS) {
  await withBroker(kind, "the state of a node", (broker) => {
    const open = (name: string, storage: Storage, snapshots: SnapshotStore): Promise<SharedLog> =>
      openSharedLog({
        ...{ storage, env, settings: SETTINGS, node: "n", snapshotEvery: EVERY, snapshots },
        journal: kind.adapter({ port: broker().port, name }).openJournal(env),
      })

    it.each(STORES)(
      "[G1] is on its own disk, and comes from a snapshot in %s for a node that is new behind a trimmed log",
      async (_, create) => {
        const name = newName()
        const [disk, snapshots] = [newDirectory(), await create()]
        const first = await open(name, lmdb({ directory: disk }), snapshots)
        await publishAll(first, 1, EVERY)
        await first.snapshot()
        await publishAll(first, EVERY + 1, 2 * EVERY)
        await first.snapshot()
        if (kind.trims) await until(async () => (await oldestOf(name)) > 1, "a trimmed log")
        else expect(await oldestOf(name)).toBe(1)
        await first.close()

        const again = await open(name, lmdb({ directory: disk }), snapshots)
        expect(offsetsOf(again)).toHaveLength(3 * EVERY)
        expect(again.statistics.partitions[PARTITION]?.rebuilds).toBe(0)

        const late = await open(name, lmdb({ directory: newDirectory() }), snapshots)
        await publishAll(late, 3 * EVERY + 1, 5)
        const everything = Array.from({ length: 3 * EVERY + 5 }, (_, index) => index + 1)
        await until(() => [again, late].every((log) => offsetsOf(log).length === everything.length))
        for (const log of [again, late]) expect(offsetsOf(log)).toEqual(everything)
        expect(again.newest(CHANNEL)).toEqual(late.newest(CHANNEL))
        await Promise.all([again.close(), late.close()])
      },
    )

    async function oldestOf(name: string): Promise<number> {
      const journal = kind.adapter({ port: broker().port, name }).openJournal(env)
      let oldest: number | undefined
      journal.tail(PARTITION, {
        connected(place) {
          oldest = place.oldest
          return place.newest + 1
        },
        deliver: async () => {},
      })
      await until(() => oldest !== undefined)
      await journal.close()
      return oldest ?? 0
    }
  })
}
