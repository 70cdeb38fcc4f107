import { describe, expect, test } from "vitest"
import { message } from "./shared-log-bed.ts"
import { nodes } from "./shared-log-nodes.ts"

const HOUR = 3_600_000

describe("ownership", () => {
  test("goes to one of those who claim at once; the others hear who it is", async () => {
    const bed = await nodes("a", "b", "c")
    const answers = await bed.settled(Promise.all(["a", "b", "c"].map((name) => bed.log(name).control.claim("race/1", 5_000))))
    expect(answers.filter(({ granted }) => granted)).toHaveLength(1)
    expect(new Set(answers.map(({ owner, fence }) => `${owner} ${fence.position}`)).size).toBe(1)
    await bed.agreed()
    for (const name of ["a", "b", "c"]) expect(bed.log(name).control.ownerOf("race/1")).toMatchObject({ owner: answers[0]?.owner })
  })

  test("is renewed under the same fence, and ends for all when it is not", async () => {
    const bed = await nodes("a", "b")
    const first = await bed.settled(bed.log("a").control.claim("race/1", 3_000))
    const ended: string[] = []
    for (const name of ["a", "b"]) bed.log(name).control.onChange((change) => void (change.type === "ended" && ended.push(name)))
    await bed.env.clock.advance(2_000)
    const renewed = await bed.settled(bed.log("a").control.claim("race/1", 3_000))
    expect(renewed).toMatchObject({ granted: true, fence: first.fence })
    await bed.env.clock.advance(2_000)
    expect(await bed.settled(bed.log("b").control.claim("race/1", 3_000))).toMatchObject({ granted: false, owner: first.owner })
    await bed.env.clock.advance(2_000)
    expect(ended.sort()).toEqual(["a", "b"])
    const next = await bed.settled(bed.log("b").control.claim("race/1", 3_000))
    expect(next).toMatchObject({ granted: true, owner: bed.log("b").control.nodeId })
    expect(next.fence.position).toBeGreaterThan(first.fence.position)
  })

  test("of a node that died passes on when its lease ends", async () => {
    const bed = await nodes("a", "b")
    const first = await bed.settled(bed.log("a").control.claim("race/1", 3_000))
    bed.crash("a")
    await bed.until(() => bed.log("b").control.ownerOf("race/1") === undefined)
    const next = await bed.settled(bed.log("b").control.claim("race/1", 3_000))
    expect(next.granted).toBe(true)
    expect(next.fence.position).toBeGreaterThan(first.fence.position)
  })

  test("is given back by its owner only", async () => {
    const bed = await nodes("a", "b")
    await bed.settled(bed.log("a").control.claim("race/1", 60_000))
    await bed.settled(bed.log("b").control.release("race/1"))
    expect(bed.log("b").control.ownerOf("race/1")).toBeDefined()
    await bed.settled(bed.log("a").control.release("race/1"))
    await bed.agreed()
    expect(bed.log("b").control.ownerOf("race/1")).toBeUndefined()
    await expect(bed.log("a").control.claim("race/1", 1)).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
  })
})

describe("the nodes of a log", () => {
  test("know each other, and notice one that is gone", async () => {
    const bed = await nodes("a", "b", "c")
    await bed.until(() => bed.log("a").control.nodes().length === 3)
    expect(
      bed
        .log("a")
        .control.nodes()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["a", "b", "c"])
    bed.crash("c")
    await bed.until(() => bed.log("a").control.nodes().length === 2)
    await bed.until(() => bed.log("b").control.nodes().length === 2)
  })

  test("compare their states, and the one that differs from the others takes itself out", async () => {
    const bed = await nodes("a", "b", "c")
    await bed.until(() => bed.log("a").control.nodes().length === 3)
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    await bed.env.clock.advance(40_000)
    await bed.stop("c")
    // A disk that forgets a row: the same sequence is stored again, on this node only.
    const twice = message(2, { key: "k" })
    await bed.settled(bed.log("a").publish(twice))
    await bed.start("c")
    await bed.agreed()
    await bed.stop("c")
    const disk = bed.disk("c")
    const keys = Array.from(disk.range({ from: "q/", to: "r" }), ({ key }) => key).filter((key) => key.includes("/k/"))
    await disk.commit(keys.map((remove) => ({ remove })))
    await bed.start("c")
    const fenced: string[] = []
    for (const name of ["a", "b", "c"]) bed.log(name).onFenced(() => fenced.push(name))
    await bed.settled(bed.log("a").publish(twice))
    await bed.until(() => fenced.length > 0)
    await bed.env.clock.advance(60_000)
    expect(fenced).toEqual(["c"])
  })

  test("compare what concerns all nodes too", async () => {
    const bed = await nodes("a", "b", "c")
    await bed.settled(bed.log("a").control.claim("race/1", HOUR))
    await bed.agreed()
    await bed.stop("c")
    // A disk that forgets a row: for this node the thing is nobody's.
    const disk = bed.disk("c")
    const keys = Array.from(disk.range({ from: "q/0/", to: "q/00" }), ({ key }) => key).filter((key) => key.includes("/x/"))
    await disk.commit(keys.map((remove) => ({ remove })))
    await bed.start("c")
    const fenced: string[] = []
    for (const name of ["a", "b", "c"]) bed.log(name).onFenced(() => fenced.push(name))
    expect(await bed.settled(bed.log("b").control.claim("race/1", HOUR))).toMatchObject({ granted: false })
    await bed.until(() => fenced.length > 0)
    await bed.env.clock.advance(60_000)
    expect(fenced).toEqual(["c"])
  })
})
