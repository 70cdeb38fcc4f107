import { memorySnapshots, type Snapshot, type SnapshotStore } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { encodeRecord } from "../../packages/journal/src/cluster/record.ts"
import { CHANNEL_PARTITION, datas, message, PAGE, type SharedLogBed } from "./shared-log-bed.ts"
import { bedOfTest } from "./shared-log-nodes.ts"

const never = (): Promise<never> => new Promise(() => {})

async function published(bed: SharedLogBed, from: number, to: number): Promise<void> {
  for (let data = from; data <= to; data++) await bed.settled(bed.log("a").publish(message(data)))
}

test("a snapshot that fails is told in the log, with its store's reason but without what a vendor says", async () => {
  const bed = bedOfTest()
  const causes = [new MagpieError("UNAVAILABLE", "the bucket refused: 403 AccessDenied"), new Error("of the secret 42")]
  const kept = memorySnapshots()
  const put = (snapshot: Snapshot) => {
    const cause = snapshot.partition === CHANNEL_PARTITION ? causes.shift() : undefined
    return cause === undefined ? kept.put(snapshot) : Promise.reject(cause)
  }
  await bed.start("a", { snapshots: { ...kept, put }, snapshotEvery: 10 })
  const lines = () => bed.env.lines.filter(({ event }) => event === "journal.snapshot-failed").map(({ fields }) => fields)
  await published(bed, 1, 60)
  await bed.until(() => lines().length >= 2)
  expect(lines()).toEqual([
    { partition: CHANNEL_PARTITION, code: "UNAVAILABLE", reason: "the bucket refused: 403 AccessDenied" },
    { partition: CHANNEL_PARTITION, code: "INTERNAL" },
  ])
})

describe("a snapshot store that hangs", () => {
  const hanging: Readonly<Record<string, (kept: SnapshotStore) => SnapshotStore>> = {
    "when it is given one": (kept) => ({ ...kept, put: never }),
    "when it is asked for one": (kept) => ({ ...kept, newest: never }),
    "when it is to let go of some": (kept) => ({ ...kept, remove: never }),
    "in the middle of taking one": (kept) => ({
      ...kept,
      async put({ chunks }) {
        for await (const _ of chunks) await never()
      },
    }),
  }
  for (const [when, hang] of Object.entries(hanging)) {
    test(`[G12] ${when} holds up neither what is published nor the close`, async () => {
      const bed = bedOfTest()
      await bed.start("a")
      await bed.stop("a")
      // It knows its log, so that it need not ask.
      await bed.start("a", { snapshots: hang(memorySnapshots()), snapshotEvery: 10 })
      await published(bed, 1, 60)
      await bed.env.clock.advance(20_000)
      expect(bed.log("a").ready).toBe(true)
      expect(bed.log("a").control.lagMs).toBeLessThan(1_000)
      void bed.log("a").publish(message("last"))
      await bed.stop("a")
      await bed.start("a")
      expect(datas(bed.log("a"))).toHaveLength(61)
    })
  }

  test("is given up after a while, said to fail, and asked again", async () => {
    const bed = bedOfTest()
    const kept = memorySnapshots()
    let hangs = true
    await bed.start("a", { snapshots: { ...kept, put: (snapshot) => (hangs ? never() : kept.put(snapshot)) } })
    await published(bed, 1, 3)
    await expect(bed.settled(bed.log("a").snapshot())).rejects.toMatchObject({ code: "UNAVAILABLE" })
    hangs = false
    await bed.settled(bed.log("a").snapshot())
    expect(await kept.newest(CHANNEL_PARTITION, Number.POSITIVE_INFINITY)).toBeDefined()
  })

  test("[G12] when a node needs one does not keep it from being closed", async () => {
    const bed = bedOfTest(1, { trims: false })
    const kept = memorySnapshots()
    await bed.start("a", { snapshots: kept })
    await published(bed, 1, 3)
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(CHANNEL_PARTITION, bed.model.newest(CHANNEL_PARTITION))
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield await never()
    }
    const snapshots: SnapshotStore = {
      ...kept,
      async newest(partition, before) {
        const found = await kept.newest(partition, before)
        return found && { ...found, chunks: cut() }
      },
    }
    await expect(bed.start("b", { snapshots, openMs: 5_000 })).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await bed.start("c", { snapshots: kept })
    expect(datas(bed.log("c"))).toEqual([1, 2, 3])
  })
})

describe("a snapshot", () => {
  test("is of one moment, also when entries are applied while it is taken", async () => {
    const bed = bedOfTest(1, { trims: false })
    const kept = memorySnapshots()
    let taken = 0
    let go = (): void => {}
    const slow: SnapshotStore = {
      ...kept,
      async put(snapshot) {
        async function* slowly(): AsyncGenerator<Uint8Array> {
          for await (const chunk of snapshot.chunks) {
            taken++
            if (taken === 1) await new Promise<void>((resolve) => (go = resolve))
            yield chunk
          }
        }
        await kept.put({ ...snapshot, chunks: slowly() })
      },
    }
    const settings = { retention: { c: { maxCount: 700, maxAgeMs: 3_600_000 } }, deduplicationMs: 3_600_000 }
    await bed.start("a", { snapshots: { ...slow, put: (one) => (one.partition === CHANNEL_PARTITION ? slow : kept).put(one) }, settings })
    const keyed = (from: number, to: number): Promise<unknown> =>
      bed.settled(Promise.all(range(from, to).map((data) => bed.log("a").publish(message(data, { key: `k${data}` })))))
    await keyed(1, 1_000)
    const snapshot = bed.log("a").snapshot()
    await bed.until(() => taken === 1)
    await keyed(1_001, 1_500)
    const newest = bed.log("a").stateHash(CHANNEL_PARTITION).position
    go()
    await bed.settled(snapshot)
    const found = await kept.newest(CHANNEL_PARTITION, Number.POSITIVE_INFINITY)
    expect(found?.position).toBeLessThan(newest)
    bed.model.trim(CHANNEL_PARTITION, found?.position ?? 0)
    await bed.start("b", { snapshots: kept, settings })
    await bed.agreed()
    const told = bed
      .log("b")
      .readAfter("c/1", 800, PAGE)
      .publications.map(({ data }) => Number(data))
    expect(told).toEqual(range(801, 1_500))
    expect(await bed.settled(bed.log("b").publish(message(1_000, { key: "k1000" })))).toMatchObject({ result: "duplicate" })
  })

  test("is let go of when the log was trimmed to a newer one", async () => {
    const bed = bedOfTest()
    const kept = memorySnapshots()
    await bed.start("a", { snapshots: kept, snapshotEvery: 20 })
    await published(bed, 1, 300)
    await bed.env.clock.advance(60_000)
    for (const partition of [0, CHANNEL_PARTITION]) {
      const oldest = bed.model.oldest(partition)
      expect(oldest).toBeGreaterThan(100)
      expect(await kept.newest(partition, oldest)).toBeUndefined()
      expect((await kept.newest(partition, Number.POSITIVE_INFINITY))?.position).toBeGreaterThanOrEqual(oldest)
    }
  })

  test("is let go of, but for one more, where only the broker trims", async () => {
    const bed = bedOfTest(1, { trims: false })
    const kept = memorySnapshots()
    await bed.start("a", { snapshots: kept, snapshotEvery: 20 })
    await published(bed, 1, 300)
    let count = 0
    for (let before = Number.POSITIVE_INFINITY; ; count++) {
      const found = await kept.newest(CHANNEL_PARTITION, before)
      if (found === undefined) break
      before = found.position
    }
    expect(count).toBeGreaterThanOrEqual(2)
    expect(count).toBeLessThanOrEqual(4)
  })

  test("[F107] is not made of a state in which a message is missing or a row is damaged", async () => {
    for (const spoil of ["damaged", "missing"]) {
      const bed = bedOfTest()
      const kept = memorySnapshots()
      await bed.start("a", { snapshots: kept })
      await published(bed, 1, 3)
      const disk = bed.disk("a")
      const keys = Array.from(disk.range({ from: `q/${CHANNEL_PARTITION}/`, to: `q/${CHANNEL_PARTITION}0` }), ({ key }) => key)
      const key = keys.find((one) => one.includes("/m/")) ?? ""
      if (spoil === "damaged") expect(disk.damage(key)).toBe(true)
      else await disk.commit([{ remove: key }])
      await expect(bed.settled(bed.log("a").snapshot())).rejects.toMatchObject({ code: "UNRECOVERABLE", details: { reason: "corrupt" } })
      expect(await kept.newest(CHANNEL_PARTITION, Number.POSITIVE_INFINITY)).toBeUndefined()
    }
  })

  test("that holds what this node had sent leaves it unknown whether that was stored, and does not deny it", async () => {
    const bed = bedOfTest(1, { trims: false })
    const snapshots = memorySnapshots()
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    await published(bed, 1, 1)
    await bed.agreed()
    bed.model.slowTail("b", 3_000)
    // What is under way to the node for so long does not hold its own message yet.
    await published(bed, 2, 2)
    await bed.env.clock.advance(100)
    const mine = bed.log("b").publish(message("mine"))
    const answer = mine.then(
      ({ result }) => result,
      (error: unknown) => String(error),
    )
    await bed.env.clock.advance(200)
    await published(bed, 3, 3)
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(CHANNEL_PARTITION, bed.model.newest(CHANNEL_PARTITION))
    bed.model.reconnect("b")
    bed.model.slowTail("b", 0)
    await bed.env.clock.advance(4_000)
    await bed.settled(bed.log("b").publish(message("later")))
    expect(await bed.settled(answer)).toMatch(/whether it was stored is not known/)
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1, 2, "mine", 3, "later"])
  })
})

test("[G12] a node that is taken out or closed while it builds its state anew does not come to life again", async () => {
  const bed = bedOfTest(1, { trims: false })
  const kept = memorySnapshots()
  let asked = 0
  let go = (): void => {}
  const slow: SnapshotStore = {
    ...kept,
    async newest(partition, before) {
      if (partition === CHANNEL_PARTITION && asked++ > 0) await new Promise<void>((resolve) => (go = resolve))
      return kept.newest(partition, before)
    },
  }
  await bed.start("a", { snapshots: slow })
  await published(bed, 1, 3)
  await bed.start("b", { snapshots: kept })
  bed.model.cut("a")
  bed.model.restart({ lose: 1, partition: CHANNEL_PARTITION })
  await bed.settled(bed.log("b").publish(message("other")))
  await bed.stop("b")
  bed.model.heal("a")
  await bed.until(() => asked > 1)
  // What concerns all nodes is in the words of a newer Magpie from here on.
  const settings = { type: "settings", at: 1, applyVersion: 99, deduplicationMs: 1_000, retention: {} } as const
  bed.model.land(0, encodeRecord({ origin: { node: "newer", counter: 1 }, entry: settings }))
  await bed.until(() => bed.env.lines.some(({ event }) => event === "journal.fenced"))
  const lines = bed.env.lines.length
  go()
  await bed.env.clock.advance(10_000)
  expect(bed.env.lines.slice(lines)).toEqual([])
  await bed.stop("a")
  expect(bed.env.clock.pendingTimers).toBe(0)
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)
