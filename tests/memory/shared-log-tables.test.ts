import type { RowWrite } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { PAGE, type SharedLogBed } from "./shared-log-bed.ts"
import { nodes } from "./shared-log-nodes.ts"

/** By which time all nodes have said which rules they know. */
const AGREED_MS = 30_000
const CHANNEL = "t/1"

function write(bed: SharedLogBed, node: string, its: RowWrite) {
  return bed.settled(bed.log(node).write({ channel: CHANNEL, pattern: "t", from: "ada", write: its }))
}

const set = (key: string, data: unknown, ttlMs?: number): RowWrite => ({
  ...{ action: "set", key, data: toJsonText(data), most: 10, maxBytes: 1_000 },
  ttlMs,
})

describe("tables in a shared log", () => {
  test("[G3] are the same on all nodes, whoever wrote and whatever left by itself, and on one that comes later", async () => {
    const bed = await nodes("a", "b")
    await bed.env.clock.advance(AGREED_MS)
    const told: unknown[] = []
    bed.log("b").onApplied((publications) => told.push(...publications.map(({ offset, data }) => [offset, data])))
    await write(bed, "a", set("short", 1, 5_000))
    await write(bed, "b", set("long", { bid: 1, ask: 1 }, 3_600_000))
    await write(bed, "a", { action: "merge", key: "long", data: toJsonText({ bid: 2 }), maxBytes: 1_000, ttlMs: 3_600_000 })
    await bed.until(() => bed.log("a").row(CHANNEL, "short") === undefined && bed.log("b").row(CHANNEL, "short") === undefined)
    await bed.start("c")
    await bed.agreed()
    const [first, ...others] = ["a", "b", "c"].map((node) => bed.log(node).readRows(CHANNEL, 0, PAGE).rows)
    expect(first).toMatchObject([
      { key: "long", version: 3, count: 2, data: '{"bid":2,"ask":1}' },
      { key: "short", version: 4, count: 2, data: undefined },
    ])
    for (const other of others) expect(other).toEqual(first)
    const rows = [["short", 1], ["long", { bid: 1, ask: 1 }], ["long", { bid: 2, ask: 1 }], ["short"]] as const
    expect(told).toEqual(rows.map(([key, data], index) => [index + 1, JSON.stringify({ key, data })]))
  })

  test("[F85] take no writes while a node of an older Magpie is there", async () => {
    const bed = await nodes("a")
    await bed.start("old", { supports: 4 })
    await bed.env.clock.advance(AGREED_MS)
    await expect(write(bed, "a", set("key", 1))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    await bed.stop("old")
    await bed.env.clock.advance(10_000 + AGREED_MS)
    expect(await write(bed, "a", set("key", 1))).toMatchObject({ result: "stored", position: { offset: 1 } })
    await bed.agreed()
  })
})
