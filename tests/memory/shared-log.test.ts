import { memorySnapshots } from "@magpie/journal"
import { describe, expect, test } from "vitest"
import { CHANNEL_PARTITION, datas, message, offsetOf, PARTITIONS, SETTINGS } from "./shared-log-bed.ts"
import { bedOfTest, nodes } from "./shared-log-nodes.ts"

describe("a log that several nodes share", () => {
  test("[G3] has one order and equal states on all nodes, whoever published", async () => {
    const bed = await nodes("a", "b", "c")
    const outcomes = await bed.settled(
      Promise.all(
        Array.from({ length: 60 }, (_, index) => bed.log("abc"[index % 3] ?? "a").publish(message(index, { channel: `c/${index % 4}` }))),
      ),
    )
    expect(outcomes.every(({ result }) => result === "stored")).toBe(true)
    await bed.agreed()
    for (const channel of ["c/0", "c/1", "c/2", "c/3"]) {
      expect(datas(bed.log("b"), channel)).toEqual(datas(bed.log("a"), channel))
      expect(datas(bed.log("c"), channel)).toEqual(datas(bed.log("a"), channel))
      expect(datas(bed.log("a"), channel)).toHaveLength(15)
    }
  })

  test("starts one epoch a partition, however many nodes open a new log at once", async () => {
    const bed = bedOfTest()
    await Promise.all(["a", "b", "c"].map((name) => bed.start(name)))
    await bed.agreed()
    expect(new Set(["a", "b", "c"].map((name) => bed.log(name).newest("c/1").epoch)).size).toBe(1)
  })

  test("[G1] reads a node's own acknowledged publish at once on that node", async () => {
    const bed = await nodes("a", "b")
    const outcome = await bed.settled(bed.log("a").publish(message("mine")))
    expect(bed.log("a").newest("c/1").offset).toBe(offsetOf(outcome))
    expect(datas(bed.log("a"))).toEqual(["mine"])
    expect(bed.log("a").level).toBe("quorum")
  })

  test("tells of each message once and in order, before its publisher hears of it", async () => {
    const bed = await nodes("a", "b")
    const told: string[] = []
    bed.log("a").onApplied((publications) => told.push(...publications.map(({ data }) => data)))
    const published = Array.from({ length: 20 }, (_, index) =>
      bed
        .log(index % 2 ? "a" : "b")
        .publish(message(index))
        .then((outcome) => {
          if (index % 2) expect(told).toHaveLength(Math.max(told.length, Number(offsetOf(outcome))))
        }),
    )
    bed.model.redeliver("a", 10)
    await bed.settled(Promise.all(published))
    bed.model.redeliver("a", 10)
    await bed.agreed()
    expect(told).toEqual(datas(bed.log("a")).map(String))
  })

  test("[F68] [G2] stores once what the journal lands twice, also without a sequence and after a restart", async () => {
    const bed = await nodes("a", "b")
    bed.model.doubleAppends("a", 3, { partition: CHANNEL_PARTITION })
    for (const data of ["x", "y", "z"]) await bed.settled(bed.log("a").publish(message(data)))
    expect(datas(bed.log("a"))).toEqual(["x", "y", "z"])
    await bed.stop("b")
    bed.crash("a")
    await bed.start("a")
    for (const { record } of [...bed.model.records(CHANNEL_PARTITION)]) bed.model.land(CHANNEL_PARTITION, record)
    await bed.start("b")
    await bed.agreed()
    for (const name of ["a", "b"]) expect(datas(bed.log(name))).toEqual(["x", "y", "z"])
  })

  test("[F68] tells a publisher whose acknowledgement got lost to try again, and then gives the original position", async () => {
    const bed = await nodes("a", "b")
    const numbered = message("once", { producer: "ada", sequence: 1 })
    bed.model.loseAcks("a", 1, { partition: CHANNEL_PARTITION })
    await expect(bed.settled(bed.log("a").publish(numbered))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    expect(await bed.settled(bed.log("b").publish(numbered))).toMatchObject({ result: "duplicate", position: { offset: 1 } })
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual(["once"])
  })

  test("[G2] an append that lands late does no harm: behind its retry, and behind later ones of its node", async () => {
    const bed = await nodes("a", "b")
    const numbered = message("first", { producer: "ada", sequence: 1 })
    bed.model.landLate("a", 1, 5_000, { partition: CHANNEL_PARTITION })
    await expect(bed.settled(bed.log("a").publish(numbered))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(await bed.settled(bed.log("b").publish(numbered))).toMatchObject({ result: "stored" })
    bed.model.landLate("a", 1, 5_000, { partition: CHANNEL_PARTITION })
    await expect(bed.settled(bed.log("a").publish(message("given up")))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await bed.settled(bed.log("a").publish(message("behind it")))
    await bed.env.clock.advance(20_000)
    await bed.agreed()
    expect(datas(bed.log("a"))).toEqual(["first", "behind it"])
  })

  test("[F67] [G12] leaves no publish open when the broker is out of reach or the log closes", async () => {
    const bed = await nodes("a")
    bed.model.cut("a")
    await expect(bed.settled(bed.log("a").publish(message(1)))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    const open = [bed.log("a").publish(message(2)), bed.log("a").publish(message(3))]
    const results = Promise.allSettled(open)
    await bed.stop("a")
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"])
  })

  test("goes on where it was after its node was killed, from what its disk held", async () => {
    const bed = await nodes("a", "b")
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    bed.crash("b")
    await bed.settled(bed.log("a").publish(message(2)))
    await bed.start("b")
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1, 2])
    expect(bed.log("b").newest("c/1")).toEqual(bed.log("a").newest("c/1"))
  })

  test("[F106] waits for a full disk and loses nothing of the log meanwhile", async () => {
    const bed = await nodes("a", "b")
    bed.disk("b").failNextCommit("unavailable")
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1])
  })

  test("[F105] takes a node out whose disk failed, and leaves no publish of it open", async () => {
    const bed = await nodes("a", "b")
    const causes: unknown[] = []
    bed.log("b").onFenced((cause) => causes.push(cause))
    bed.disk("b").failNextCommit("fenced")
    await bed.until(() => causes.length > 0)
    await expect(bed.log("b").publish(message(1))).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    await bed.stop("b")
    await bed.settled(bed.log("a").publish(message(2)))
    await bed.start("b")
    await bed.agreed()
  })

  test("[F75] leaves out what nobody can read, on all nodes alike, and goes on", async () => {
    const bed = await nodes("a", "b")
    for (const partition of [1, 2]) bed.model.land(partition, new TextEncoder().encode("poison"))
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1])
    expect(bed.env.lines.filter(({ event }) => event === "journal.poison")).toHaveLength(4)
  })

  test("reads over positions that the broker left out", async () => {
    const bed = await nodes("a", "b")
    for (const data of [1, 2, 3]) {
      for (const partition of [0, 1, 2]) bed.model.skipPositions(partition, 3)
      await bed.settled(bed.log("a").publish(message(data)))
    }
    bed.model.reconnect("b")
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1, 2, 3])
  })

  test("refuses a journal with another number of partitions than filled its storage", async () => {
    const bed = await nodes("a")
    await bed.stop("a")
    const other = bedOfTest(2, { partitions: PARTITIONS + 1 })
    await expect(other.start("a", { storage: bed.disk("a") })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
  })

  test("says that it cannot be opened when the broker is out of reach", async () => {
    const bed = bedOfTest()
    bed.model.cut("a")
    await expect(bed.start("a", { openMs: 5_000 })).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })
})

describe("a node that lags", () => {
  test("[G4] lets a client that is ahead of it wait, and then recovers it", async () => {
    const bed = await nodes("a", "b")
    bed.model.slowTail("b", 1_000)
    const outcome = await bed.settled(bed.log("a").publish(message(1)))
    const position = outcome.result === "stored" ? outcome.position : undefined
    if (position === undefined) throw new Error("it was not stored")
    expect(bed.log("a").behind("c/1", position)).toBeUndefined()
    const waiting = bed.log("b").behind("c/1", position)
    expect(waiting).toBeDefined()
    await bed.settled(Promise.resolve(waiting))
    expect(bed.log("b").resume("c/1", position)).toEqual({ answer: "recovered", position })
  })

  test("[G4] says UNAVAILABLE, not unrecoverable, when it does not catch up in time", async () => {
    const bed = await nodes("a", "b")
    bed.model.cut("b")
    const outcome = await bed.settled(bed.log("a").publish(message(1)))
    const position = outcome.result === "stored" ? outcome.position : { epoch: "", offset: 0 }
    const waiting = bed.log("b").behind("c/1", position)
    await expect(bed.settled(Promise.resolve(waiting))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    bed.model.heal("b")
  })

  test("tells a client with a position that nobody knows, once it has read what is in the log", async () => {
    const bed = await nodes("a")
    await bed.settled(bed.log("a").publish(message(1)))
    const { epoch } = bed.log("a").newest("c/1")
    for (const position of [
      { epoch: "never", offset: 1 },
      { epoch, offset: 99 },
    ]) {
      await bed.settled(Promise.resolve(bed.log("a").behind("c/1", position)))
      expect(bed.log("a").resume("c/1", position)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    }
  })

  test("[G4] lets nobody through by an entry that was under way before he asked", async () => {
    const bed = await nodes("a", "b")
    const first = await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    const position = first.result === "stored" ? first.position : { epoch: "", offset: 0 }
    bed.model.slowTail("b", 8_000)
    await expect(bed.settled(Promise.resolve(bed.log("b").behind("c/1", { ...position, offset: 2 })))).rejects.toMatchObject({
      code: "UNAVAILABLE",
    })
    const second = await bed.settled(bed.log("a").publish(message(2)))
    const newer = second.result === "stored" ? second.position : position
    const waiting = Promise.resolve(bed.log("b").behind("c/1", newer)).then(
      () => bed.log("b").resume("c/1", newer).answer,
      (error: unknown) => (error as { code?: unknown }).code,
    )
    expect(["recovered", "UNAVAILABLE"]).toContain(await bed.settled(waiting))
  })

  test("[G12] asked after its close, says UNAVAILABLE at once", async () => {
    const bed = await nodes("a")
    const log = bed.log("a")
    await bed.stop("a")
    await expect(log.behind("c/1", { epoch: "e", offset: 1 })).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(bed.env.clock.pendingTimers).toBe(0)
  })

  test("many clients that wait cost the journal two entries", async () => {
    const bed = await nodes("a")
    const { epoch } = bed.log("a").newest("c/1")
    const before = bed.model.newest(CHANNEL_PARTITION)
    const waiting = Array.from({ length: 1_000 }, () => bed.log("a").behind("c/1", { epoch, offset: 5 }))
    await bed.settled(Promise.all(waiting))
    expect(bed.model.newest(CHANNEL_PARTITION) - before).toBeLessThanOrEqual(2)
  })
})

describe("settings", () => {
  test("are the same on all nodes, those of the node that started last", async () => {
    const bed = await nodes("a")
    await bed.start("b", { settings: { ...SETTINGS, retention: { c: { maxCount: 2, maxAgeMs: 3_600_000 } } } })
    for (const data of [1, 2, 3, 4]) await bed.settled(bed.log("a").publish(message(data)))
    await bed.agreed()
    for (const name of ["a", "b"])
      expect(bed.log(name).readBefore("c/1", 99, { maxCount: 9, maxBytes: 9_999 }).publications).toHaveLength(2)
  })

  test("of newer rules come only when all nodes know them, and fence a node that does not", async () => {
    const bed = bedOfTest()
    await bed.start("a", { supports: 1 })
    await bed.start("b", { supports: 2 })
    await bed.start("c", { supports: 2 })
    await bed.env.clock.advance(30_000)
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    await bed.stop("a")
    await bed.env.clock.advance(30_000)
    await bed.settled(bed.log("b").publish(message(2)))
    await expect(bed.start("a", { supports: 1 })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    await bed.start("d", { supports: 2 })
    await bed.agreed()
    expect(datas(bed.log("d"))).toEqual([1, 2])
  })
})

describe("time", () => {
  test("is told once a second for all nodes while something waits for it, mostly by one of them", async () => {
    const bed = bedOfTest()
    const retention = { c: { maxCount: 1_000, maxAgeMs: 10_000 } }
    for (const name of ["a", "b", "c"]) await bed.start(name, { settings: { ...SETTINGS, retention } })
    for (let index = 0; index < 100; index++) {
      await bed.settled(bed.log("a").publish(message(index)))
      await bed.env.clock.advance(100)
    }
    const before = bed.model.newest(CHANNEL_PARTITION)
    await bed.env.clock.advance(12_000)
    const clocks = bed.model.newest(CHANNEL_PARTITION) - before
    expect(clocks).toBeGreaterThanOrEqual(8)
    expect(clocks).toBeLessThanOrEqual(20)
    await bed.agreed()
    expect(bed.log("c").readAfter("c/1", 100, { maxCount: 9, maxBytes: 999 }).publications).toEqual([])
    expect(() => datas(bed.log("c"))).toThrow(/UNRECOVERABLE/)
  })
})

describe("snapshots", () => {
  test("let a node start whose position was trimmed from the log", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest()
    await bed.start("a", { snapshots, snapshotEvery: 2 })
    await bed.start("b", { snapshots, snapshotEvery: 1_000 })
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    await bed.stop("b")
    for (const data of [2, 3, 4]) {
      await bed.settled(bed.log("a").publish(message(data)))
      await bed.settled(bed.log("a").snapshot())
    }
    expect(bed.model.oldest(1) + bed.model.oldest(2)).toBeGreaterThan(2)
    await bed.start("b", { snapshots })
    await bed.start("new", { snapshots })
    await bed.agreed()
    for (const name of ["b", "new"]) expect(datas(bed.log(name))).toEqual([1, 2, 3, 4])
    expect(await bed.settled(bed.log("new").publish(message(1, { key: "k" })))).toMatchObject({ result: "stored", position: { offset: 5 } })
  })

  test("are taken while the log grows, and the journal is trimmed behind them and never before", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest()
    for (const name of ["a", "b", "c"]) await bed.start(name, { snapshots, snapshotEvery: 20 })
    for (let index = 0; index < 200; index++) {
      await bed.settled(bed.log("abc"[index % 3] ?? "a").publish(message(index)))
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const newest = await snapshots.newest(partition, Number.POSITIVE_INFINITY)
        expect(bed.model.oldest(partition)).toBeLessThanOrEqual(Math.max(1, newest?.position ?? 1))
      }
    }
    expect(bed.model.oldest(1) + bed.model.oldest(2)).toBeGreaterThan(100)
    bed.crash("b")
    await bed.start("late", { snapshots, snapshotEvery: 20 })
    await bed.start("b", { snapshots, snapshotEvery: 20 })
    await bed.agreed()
    expect(datas(bed.log("late"))).toEqual(Array.from({ length: 200 }, (_, index) => index))
  })

  test("a node without any refuses to start where the log was trimmed", async () => {
    const bed = await nodes("a")
    for (const data of [1, 2, 3]) await bed.settled(bed.log("a").publish(message(data)))
    for (let partition = 0; partition < PARTITIONS; partition++) bed.model.trim(partition, bed.model.newest(partition))
    await expect(bed.start("b")).rejects.toMatchObject({ code: "UNRECOVERABLE", details: { reason: "trimmed" } })
    expect(datas(bed.log("a"))).toEqual([1, 2, 3])
  })

  test("[F107] that is damaged or cut is passed over for an older one", async () => {
    const kept = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    await bed.start("a", { snapshots: kept })
    for (const data of [1, 2]) {
      await bed.settled(bed.log("a").publish(message(data)))
      await bed.settled(bed.log("a").snapshot())
    }
    const newest = await kept.newest(CHANNEL_PARTITION, Number.POSITIVE_INFINITY)
    const flipped = (chunk: Uint8Array): Uint8Array => chunk.map((byte, index) => (index === chunk.length - 1 ? byte ^ 1 : byte))
    const spoils: Readonly<Record<string, (chunks: readonly Uint8Array[]) => readonly Uint8Array[]>> = {
      damaged: (chunks) => chunks.map((chunk, index) => (index === 0 ? flipped(chunk) : chunk)),
      cut: (chunks) => chunks.slice(0, -1),
      short: (chunks) => chunks.slice(1),
    }
    for (const [name, spoil] of Object.entries(spoils)) {
      const asked: number[] = []
      await bed.start(name, {
        snapshots: {
          put: kept.put,
          remove: kept.remove,
          async newest(partition, before) {
            const found = await kept.newest(partition, before)
            if (partition === CHANNEL_PARTITION) asked.push(found?.position ?? 0)
            if (found === undefined || found.position !== newest?.position) return found
            return { ...found, chunks: spoil(Array.from(found.chunks as Iterable<Uint8Array>)) }
          },
        },
      })
      expect(asked).toHaveLength(2)
      expect(datas(bed.log(name))).toEqual([1, 2])
    }
    await bed.agreed()
  })
})

describe("a node that stands still", () => {
  test("takes up where it was, and tells the publishers who waited", async () => {
    const bed = await nodes("a", "b")
    const waiting = bed.log("b").publish(message("before the pause"))
    bed.pause("b")
    for (const data of [1, 2, 3]) await bed.settled(bed.log("a").publish(message(data)))
    await bed.env.clock.advance(60_000)
    bed.resume("b")
    const outcome = await bed.settled(waiting.then(offsetOf, (error: unknown) => error))
    await bed.agreed()
    // It had reached the journal or it had not; in neither case is it there twice, or nobody told.
    expect(datas(bed.log("b")).filter((data) => data === "before the pause").length).toBeLessThanOrEqual(1)
    expect(outcome).toBeDefined()
    expect(datas(bed.log("b"))).toEqual(datas(bed.log("a")))
  })
})
