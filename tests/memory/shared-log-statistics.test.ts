import { memoryStorage, openDurableLog } from "@magpie/journal"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { CHANNEL_PARTITION, message, PARTITIONS, SETTINGS } from "./shared-log-bed.ts"
import { nodes } from "./shared-log-nodes.ts"

describe("a node says that it is ready", () => {
  test("[G10] while it knows its log and who was revoked, and not otherwise", async () => {
    const bed = await nodes("a", "b")
    expect(bed.log("b").ready).toBe(true)
    bed.model.cut("b")
    await bed.until(() => !bed.log("b").ready)
    expect(bed.log("a").ready).toBe(true)
    bed.model.heal("b")
    await bed.until(() => bed.log("b").ready)
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    bed.model.slowTail("b", 600)
    bed.model.restart({ lose: 1, partition: CHANNEL_PARTITION })
    await bed.until(() => !bed.log("b").ready)
    bed.model.slowTail("b", 0)
    await bed.until(() => bed.log("b").ready)
  })

  test("[F105] until its disk fails", async () => {
    const bed = await nodes("a")
    bed.disk("a").failNextCommit("fenced")
    await bed.until(() => !bed.log("a").ready)
    const env = fakeEnv()
    const storage = memoryStorage()
    const opening = openDurableLog({ storage, env, settings: SETTINGS })
    await env.clock.settle()
    const single = await opening
    expect(single.ready).toBe(true)
    storage.failNextCommit("fenced")
    const failed = single.publish(message(1)).catch(() => {})
    await env.clock.settle()
    await failed
    expect(single.ready).toBe(false)
    const closing = single.close()
    await env.clock.settle()
    await closing
  })

  test("[G12] until it is closed", async () => {
    const bed = await nodes("a")
    const log = bed.log("a")
    await bed.stop("a")
    expect(log.ready).toBe(false)
  })
})

describe("a node's statistics", () => {
  test("tell how long its entries take and how far it lags", async () => {
    const bed = await nodes("a", "b")
    const before = bed.log("a").statistics
    bed.model.setLatency({ minMs: 50, maxMs: 50 }, "a")
    for (const data of [1, 2, 3]) await bed.settled(bed.log("a").publish(message(data)))
    const after = bed.log("a").statistics
    expect(after.appended).toBeGreaterThanOrEqual(before.appended + 3)
    // There and back; what was under way before took less.
    expect(after.appendMs - before.appendMs).toBeGreaterThanOrEqual(3 * 100)
    expect(after.longestAppendMs).toBeGreaterThanOrEqual(100)
    await bed.agreed()
    expect(after.partitions).toHaveLength(PARTITIONS)
    expect(bed.log("b").statistics.partitions[CHANNEL_PARTITION]).toEqual({
      position: bed.model.newest(CHANNEL_PARTITION),
      newest: bed.model.newest(CHANNEL_PARTITION),
      lag: 0,
      ready: true,
      rebuilds: 0,
      poison: 0,
    })
    expect(bed.log("b").statistics.controlLagMs).toBe(bed.log("b").control.lagMs)
  })

  test("tell of the lag of a node that catches up, batch by batch", async () => {
    const bed = await nodes("a", "b")
    await bed.stop("b")
    await bed.settled(Promise.all(Array.from({ length: 350 }, (_, data) => bed.log("a").publish(message(data)))))
    const lags: number[] = []
    await bed.start("b")
    bed.model.slowTail("b", 1_000)
    await bed.env.clock.advance(100)
    await bed.settled(Promise.all(Array.from({ length: 350 }, (_, data) => bed.log("a").publish(message(data)))))
    await bed.until(() => {
      lags.push(bed.log("b").statistics.partitions[CHANNEL_PARTITION]?.lag ?? 0)
      return bed.log("b").newest("c/1").offset === 700
    })
    expect(Math.max(...lags)).toBeGreaterThanOrEqual(100)
    bed.model.slowTail("b", 0)
    await bed.agreed()
    expect(bed.log("b").statistics.partitions[CHANNEL_PARTITION]?.lag).toBe(0)
  })

  test("count rebuilds, what nobody can read, and clients that waited", async () => {
    const bed = await nodes("a", "b")
    const first = await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    bed.model.land(CHANNEL_PARTITION, new TextEncoder().encode("poison"))
    const position = first.result === "stored" ? first.position : { epoch: "", offset: 0 }
    await bed.settled(Promise.resolve(bed.log("b").behind("c/1", { ...position, offset: 2 })))
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    await bed.until(() => !bed.log("b").ready)
    await bed.agreed()
    const { partitions, barrierWaits } = bed.log("b").statistics
    expect(barrierWaits).toBe(1)
    expect(partitions.map(({ rebuilds }) => rebuilds)).toEqual([0, 1, 0])
    expect(partitions[CHANNEL_PARTITION]?.poison).toBeGreaterThanOrEqual(1)
  })
})
