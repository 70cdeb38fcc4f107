import { memorySnapshots, memoryStorage, openDurableLog, openSharedLog } from "@magpie/journal"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { message, SETTINGS } from "./shared-log-bed.ts"
import { bedOfTest, nodes } from "./shared-log-nodes.ts"

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

describe("a revocation", () => {
  test("[F35] is in force on every node within a second, for tokens up to its moment, until it runs out", async () => {
    const bed = await nodes("a", "b")
    const now = bed.env.clock.now()
    const heard: string[] = []
    bed.log("b").control.onChange((change) => void (change.type === "revoked" && heard.push(change.user)))
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: now + 60_000 }))
    expect(bed.log("a").control.isRevoked("mallory")).toBe(true)
    await bed.env.clock.advance(1_000)
    expect(bed.log("b").control.isRevoked("mallory", now - 1)).toBe(true)
    expect(bed.log("b").control.isRevoked("mallory", now + 5_000)).toBe(false)
    expect(bed.log("b").control.isRevoked("ada")).toBe(false)
    expect(heard).toEqual(["mallory"])
    await bed.env.clock.advance(62_000)
    for (const name of ["a", "b"]) expect(bed.log(name).control.isRevoked("mallory", now - 1)).toBe(false)
    await bed.agreed()
  })

  test("[G10] is in force for as long as it was meant, also where a node's wrong clock has put the log's time ahead", async () => {
    const bed = await nodes("a")
    const env = { ...bed.env, clock: { ...bed.env.clock, now: () => bed.env.clock.now() + 2 * HOUR }, random: bed.env.random.fork("wrong") }
    const wrong = { storage: memoryStorage(), journal: bed.model.connect("wrong"), settings: SETTINGS, node: "wrong", env }
    const log = await bed.settled(openSharedLog(wrong))
    await bed.env.clock.advance(1_000)
    await bed.settled(log.close())
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + HOUR }))
    expect(bed.log("a").control.isRevoked("mallory")).toBe(true)
    await bed.env.clock.advance(HOUR - 1_000)
    expect(bed.log("a").control.isRevoked("mallory")).toBe(true)
  })

  test("[G10] that would be in force nowhere fails, whatever its times are", async () => {
    const bed = await nodes("a")
    const now = bed.env.clock.now()
    const until = now + HOUR
    const wrong = [Number.POSITIVE_INFINITY, Number.NaN, -1, 1.5, Math.floor(until / 1_000), now - 1, 2 ** 53]
    for (const time of wrong) {
      await expect(bed.settled(bed.log("a").control.revoke({ user: "mallory", until: time }))).rejects.toMatchObject({
        code: "BAD_REQUEST",
        details: { field: "until" },
      })
    }
    for (const issuedUntil of [Number.NaN, Number.POSITIVE_INFINITY, -1, Math.floor(now / 1_000)]) {
      await expect(bed.settled(bed.log("a").control.revoke({ user: "mallory", issuedUntil, until }))).rejects.toMatchObject({
        code: "BAD_REQUEST",
        details: { field: "issuedUntil" },
      })
    }
    await expect(bed.log("a").control.release("x".repeat(2_000))).rejects.toMatchObject({ code: "BAD_REQUEST" })
    expect(bed.log("a").control.isRevoked("mallory")).toBe(false)
  })

  test("[F35] [G10] is told on a node that learns of it from a snapshot", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    await bed.env.clock.advance(3_000)
    const heard: string[] = []
    bed.log("b").control.onChange((change) => void (change.type === "revoked" && heard.push(change.user)))
    bed.model.cut("b")
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + HOUR }))
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(0, bed.model.newest(0))
    await bed.until(() => !bed.log("b").control.fresh)
    bed.model.heal("b")
    await bed.until(() => bed.log("b").control.fresh)
    expect(bed.log("b").control.isRevoked("mallory")).toBe(true)
    expect(heard).toEqual(["mallory"])
  })

  test("[G10] a node that does not hear of revocations knows that within a second and a half", async () => {
    const bed = await nodes("a", "b")
    expect(bed.log("b").control.fresh).toBe(true)
    bed.model.cut("b")
    await bed.env.clock.advance(1_500)
    expect(bed.log("b").control.fresh).toBe(false)
    expect(bed.log("b").control.lagMs).toBeGreaterThan(1_000)
    expect(bed.log("a").control.fresh).toBe(true)
    bed.model.heal("b")
    await bed.until(() => bed.log("b").control.fresh)
  })

  test("works the same where there is one node", async () => {
    const env = fakeEnv()
    const storage = memoryStorage()
    const opening = openDurableLog({ storage, env, settings: SETTINGS })
    await env.clock.settle()
    const log = await opening
    const claim = log.control.claim("race/1", 2_000)
    const revoke = log.control.revoke({ user: "mallory", until: env.clock.now() + 5_000 })
    await env.clock.settle()
    await revoke
    expect(await claim).toMatchObject({ granted: true, owner: log.control.nodeId })
    expect(log.control.isRevoked("mallory")).toBe(true)
    expect(log.control.fresh).toBe(true)
    await env.clock.advance(6_000)
    expect(log.control.isRevoked("mallory")).toBe(false)
    expect(log.control.ownerOf("race/1")).toBeUndefined()
    const closing = log.close()
    await env.clock.settle()
    await closing
    expect(env.clock.pendingTimers).toBe(0)
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
