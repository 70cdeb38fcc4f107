import { type Change, markText } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { message, PAGE, type SharedLogBed } from "./shared-log-bed.ts"
import { nodes } from "./shared-log-nodes.ts"

/** By which time all nodes have said which rules they know. */
const AGREED_MS = 30_000

async function said(bed: SharedLogBed, node: string): Promise<{ readonly offset: number; readonly mark: number }> {
  const outcome = await bed.settled(bed.log(node).publish(message({ text: "" }, { from: "ada" })))
  if (outcome.result !== "stored") throw new Error("not stored")
  return { offset: outcome.position.offset, mark: Number.parseInt(outcome.position.mark ?? "", 36) }
}

function change(bed: SharedLogBed, node: string, its: Change) {
  return bed.settled(bed.log(node).change({ channel: "c/1", pattern: "c", from: "ada", change: its }))
}

describe("messages that change in a shared log", () => {
  test("[G3] are in one state on all nodes, whichever of them was told, and on one that comes later", async () => {
    const bed = await nodes("a", "b")
    await bed.env.clock.advance(AGREED_MS)
    const target = await said(bed, "a")
    await bed.agreed()
    for (const [index, node] of ["a", "b", "a", "b", "b"].entries())
      await change(bed, node, { action: "append", ...target, field: "text", data: toJsonText(`${index}`), maxBytes: 1_000 })
    await change(bed, "a", { action: "react", ...target, reaction: "+1", most: 9 })
    await bed.start("c")
    await bed.agreed()
    const [first, ...others] = ["a", "b", "c"].map((node) => bed.log(node).readAfter("c/1", 0, PAGE))
    expect(first?.publications[0]).toMatchObject({ offset: 1, mark: markText(target.mark), data: '{"text":"01234"}' })
    for (const other of others) expect(other).toEqual(first)
  })

  test("[F85] are refused while a node of an older Magpie is there, and everything else is not", async () => {
    const bed = await nodes("a")
    await bed.start("old", { supports: 3 })
    await bed.env.clock.advance(AGREED_MS)
    const target = await said(bed, "a")
    const edit = { action: "edit", ...target, data: toJsonText({ text: "x" }), keep: 0 } as const
    await expect(change(bed, "a", edit)).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    await bed.stop("old")
    await bed.env.clock.advance(10_000 + AGREED_MS)
    expect(await change(bed, "a", edit)).toMatchObject({ result: "stored", position: { offset: 2 } })
    await bed.agreed()
  })
})
