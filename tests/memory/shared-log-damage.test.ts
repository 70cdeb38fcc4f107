import { describe, expect, test } from "vitest"
import { encodeRecord } from "../../packages/journal/src/cluster/record.ts"
import { CHANNEL_PARTITION, datas, message, PARTITIONS, SETTINGS } from "./shared-log-bed.ts"
import { bedOfTest, nodes } from "./shared-log-nodes.ts"

const placeKey = (generation: number): string => `q/${CHANNEL_PARTITION}/${generation}/l/place`

describe("[F107] a node whose disk has damaged", () => {
  const rows: Readonly<Record<string, string>> = {
    "its place in the log": placeKey(2),
    "which of its states counts": `l/partition/${CHANNEL_PARTITION}`,
    "how many partitions it was filled from": "l/partitions",
  }
  for (const [what, key] of Object.entries(rows)) {
    test(`${what} does not start, and applies nothing twice`, async () => {
      // So short that the log no longer knows who appended what.
      const settings = { ...SETTINGS, deduplicationMs: 5_000 }
      const bed = bedOfTest()
      await bed.start("a", { settings })
      for (const data of [1, 2, 3]) {
        await bed.settled(bed.log("a").publish(message(data)))
        await bed.env.clock.advance(5_000)
      }
      // There is a row that says which state counts once one has been replaced.
      bed.model.restart({ lose: 1, partition: CHANNEL_PARTITION })
      await bed.agreed()
      await bed.settled(bed.log("a").publish(message(4)))
      const before = datas(bed.log("a"))
      await bed.stop("a")
      expect(bed.disk("a").damage(key)).toBe(true)
      await expect(bed.start("a", { settings })).rejects.toMatchObject({ code: "STORAGE_FENCED" })
      await bed.start("b", { settings })
      expect(datas(bed.log("b"))).toEqual(before)
    })
  }

  test("nothing, but lost its place in the log, does not start either", async () => {
    const bed = await nodes("a")
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.stop("a")
    await bed.disk("a").commit([{ remove: placeKey(1) }])
    await expect(bed.start("a")).rejects.toMatchObject({ code: "STORAGE_FENCED" })
  })
})

test("[F107] [F85] a damaged row of who is there raises no rules that nobody knows", async () => {
  const bed = await nodes("a")
  await bed.until(() => bed.log("a").control.nodes().length === 1)
  // The last bit of it is the last bit of what the node supports.
  expect(bed.disk("a").damage(`q/0/1/n/${bed.log("a").control.nodeId}`)).toBe(true)
  await bed.env.clock.advance(5_000)
  expect(bed.log("a").ready).toBe(true)
  await bed.start("b")
  expect(bed.log("b").ready).toBe(true)
})

describe("a record that no node could store", () => {
  const UNWRITABLE = ["b".repeat(3_000), "鵲".repeat(400), "a\u0001b"]

  test("[F75] because of who appended it is left out by all, counted, and takes nobody down", async () => {
    const bed = await nodes("a", "b")
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (const node of UNWRITABLE) {
        const entry = { type: "clock", at: bed.env.clock.now() } as const
        bed.model.land(partition, encodeRecord({ origin: { node, counter: 1 }, entry }))
      }
    }
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.start("c")
    await bed.agreed()
    for (const name of ["a", "b", "c"]) {
      expect(datas(bed.log(name))).toEqual([1])
      expect(bed.log(name).statistics.partitions.map(({ poison }) => poison)).toEqual([3, 3, 3])
    }
  })

  test("[F75] because of a time beyond all dates does not move the log's time", async () => {
    const bed = await nodes("a", "b")
    const origin = { node: "x", counter: 1 }
    bed.model.land(CHANNEL_PARTITION, encodeRecord({ origin, entry: { type: "clock", at: Number.MAX_SAFE_INTEGER } }))
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    expect(bed.log("b").readAfter("c/1", 0, { maxCount: 1, maxBytes: 99 }).publications[0]?.at).toBeLessThanOrEqual(bed.env.clock.now())
  })

  test("[F75] does not come from a node: its name is checked when it opens the log", async () => {
    const bed = bedOfTest()
    const names = ["", "b".repeat(256), ...UNWRITABLE].map((node) => ({ node }))
    for (const options of [...names, { snapshotEvery: 0 }, { supports: 1.5 }, { openMs: Number.NaN }]) {
      const details = { option: Object.keys(options)[0] }
      await expect(bed.start(JSON.stringify(options), options)).rejects.toMatchObject({ code: "INVALID_OPTIONS", details })
    }
    await bed.start("a", { node: "b".repeat(255) })
    await bed.agreed()
  })
})
