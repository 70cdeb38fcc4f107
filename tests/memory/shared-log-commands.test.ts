import type { CommandStep } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import type { SharedLogBed } from "./shared-log-bed.ts"
import { nodes } from "./shared-log-nodes.ts"

/** By which time all nodes have said which rules they know. */
const AGREED_MS = 30_000
const CHANNEL = "device/7"

function step(bed: SharedLogBed, node: string, its: CommandStep) {
  return bed.settled(bed.log(node).step({ channel: CHANNEL, pattern: "device/:id", from: "ada", step: its }))
}

const call = (id: string, deadlineMs = 600_000): CommandStep => ({
  ...{ action: "call", id, name: "turn", data: toJsonText(1), deadlineMs, reportMs: 5_000, most: 10, keep: 10 },
})
const report = (id: string, state: "started" | "done", fence: number): CommandStep => ({ action: "report", id, state, fence, most: 10 })

async function agreed(...names: string[]): Promise<SharedLogBed> {
  const bed = await nodes(...names)
  await bed.env.clock.advance(AGREED_MS)
  return bed
}

describe("commands in a shared log", () => {
  test("[G9] are the same on all nodes, whichever took which step and whatever time did, and on one that comes later", async () => {
    const bed = await agreed("a", "b")
    await step(bed, "a", call("c1"))
    await step(bed, "a", call("late", 5_000))
    await step(bed, "a", call("dead", 6_000))
    const served = await step(bed, "b", { action: "serve" })
    if (served.result !== "stored") throw new Error(served.result)
    const fence = served.position.offset
    for (const id of ["c1", "dead"]) await step(bed, "b", report(id, "started", fence))
    await step(bed, "b", report("c1", "done", fence))
    await bed.until(() => ["a", "b"].every((node) => bed.log(node).commandCounts(CHANNEL).open === 0))
    await bed.start("c")
    await bed.agreed()
    for (const node of ["a", "b", "c"]) {
      const states = ["c1", "late", "dead"].map((id) => bed.log(node).command(CHANNEL, id)?.state)
      expect(states).toEqual(["done", "expired", "indeterminate"])
    }
  })

  test("[G9] [F114] are begun by one of two devices that are served by different nodes at the same time", async () => {
    const bed = await agreed("a", "b")
    await step(bed, "a", call("c1"))
    const fences = [await step(bed, "a", { action: "serve" }), await step(bed, "b", { action: "serve" })].map((served) =>
      served.result === "stored" ? served.position.offset : 0,
    )
    const outcomes = await bed.settled(
      Promise.all(
        ["a", "b"].map((node, index) =>
          bed.log(node).step({ channel: CHANNEL, pattern: "device/:id", step: report("c1", "started", fences[index] ?? 0) }),
        ),
      ),
    )
    expect(outcomes.map(({ result }) => result)).toEqual(["refused", "stored"])
    await bed.agreed()
  })

  test("[G9] [F115] race of a cancel and a start has one end, the same on each node", async () => {
    const bed = await agreed("a", "b")
    const served = await step(bed, "b", { action: "serve" })
    const fence = served.result === "stored" ? served.position.offset : 0
    for (let round = 0; round < 20; round++) {
      const id = `c${round}`
      await step(bed, "a", call(id))
      const outcomes = await bed.settled(
        Promise.all([
          bed.log("a").step({ channel: CHANNEL, pattern: "device/:id", from: "ada", step: { action: "cancel", id, anybody: false } }),
          bed.log("b").step({ channel: CHANNEL, pattern: "device/:id", step: report(id, "started", fence) }),
        ]),
      )
      expect(outcomes[0]).toMatchObject({ result: "stored" })
      await bed.agreed()
      const state = outcomes[1]?.result === "stored" ? "started" : "cancelled"
      for (const node of ["a", "b"]) expect(bed.log(node).command(CHANNEL, id)).toMatchObject({ state, isCancelled: true })
      if (state === "started") await step(bed, "b", report(id, "done", fence))
    }
  })

  test("[F85] take no steps while a node of an older Magpie is there", async () => {
    const bed = await nodes("a")
    await bed.start("old", { supports: 5 })
    await bed.env.clock.advance(AGREED_MS)
    await expect(step(bed, "a", call("c1"))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    await bed.stop("old")
    await bed.env.clock.advance(10_000 + AGREED_MS)
    expect(await step(bed, "a", call("c1"))).toMatchObject({ result: "stored", position: { offset: 1 } })
    await bed.agreed()
  })
})
