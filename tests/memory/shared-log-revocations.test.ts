import { memorySnapshots, memoryStorage, openDurableLog, openSharedLog } from "@magpie/journal"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { message, SETTINGS } from "./shared-log-bed.ts"
import { bedOfTest, nodes } from "./shared-log-nodes.ts"

const HOUR = 3_600_000

/** By then the nodes that are there have agreed on the newest rules that all of them know. */
const AGREED_MS = 3_000

describe("a revocation", () => {
  test("[F35] is in force on every node within a second, for tokens up to its moment, until it runs out", async () => {
    const bed = await nodes("a", "b")
    const now = bed.env.clock.now()
    const heard: string[] = []
    bed.log("b").control.onChange((change) => void (change.type === "revoked" && heard.push(change.subject)))
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: now + 60_000 }))
    expect(bed.log("a").control.isRevoked({ user: "mallory" })).toBe(true)
    await bed.env.clock.advance(1_000)
    expect(bed.log("b").control.isRevoked({ user: "mallory", issuedAt: now - 1 })).toBe(true)
    expect(bed.log("b").control.isRevoked({ user: "mallory", issuedAt: now + 5_000 })).toBe(false)
    expect(bed.log("b").control.isRevoked({ user: "ada" })).toBe(false)
    expect(heard).toEqual(["mallory"])
    await bed.env.clock.advance(62_000)
    for (const name of ["a", "b"]) expect(bed.log(name).control.isRevoked({ user: "mallory", issuedAt: now - 1 })).toBe(false)
    await bed.agreed()
  })

  test("[G10] a node that has just been opened does not take what the log held a while ago for what it holds now", async () => {
    const bed = await nodes("a")
    bed.model.slowTail("b", 5_000)
    const opening = bed.open("b")
    await bed.env.clock.advance(1_000)
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + 60_000 }))
    const { control } = await bed.settled(opening)
    expect(control.fresh && !control.isRevoked({ user: "mallory" })).toBe(false)
    bed.model.slowTail("b", 0)
    await bed.until(() => control.fresh)
    expect(control.isRevoked({ user: "mallory" })).toBe(true)
  })

  test("[G10] a node says so in the very millisecond in which it knows too little, once, and again the next time", async () => {
    const bed = await nodes("a", "b")
    const { control } = bed.log("b")
    const told: number[] = []
    control.onChange(({ type }) => void (type === "stale" && told.push(control.lagMs)))
    await bed.env.clock.advance(10_000)
    expect(told).toEqual([])
    for (const times of [1, 2]) {
      bed.model.cut("b")
      await bed.until(() => !control.fresh)
      await bed.env.clock.advance(5_000)
      expect(told).toHaveLength(times)
      bed.model.heal("b")
      await bed.until(() => control.fresh)
      await bed.env.clock.advance(2_000)
    }
    expect(told).toEqual([1_001, 1_001])
  })

  test("[G10] is in force for as long as it was meant, also where a node's wrong clock has put the log's time ahead", async () => {
    const bed = await nodes("a")
    const env = { ...bed.env, clock: { ...bed.env.clock, now: () => bed.env.clock.now() + 2 * HOUR }, random: bed.env.random.fork("wrong") }
    const wrong = { storage: memoryStorage(), journal: bed.model.connect("wrong"), settings: SETTINGS, node: "wrong", env }
    const log = await bed.settled(openSharedLog(wrong))
    await bed.env.clock.advance(1_000)
    await bed.settled(log.close())
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + HOUR }))
    expect(bed.log("a").control.isRevoked({ user: "mallory" })).toBe(true)
    await bed.env.clock.advance(HOUR - 1_000)
    expect(bed.log("a").control.isRevoked({ user: "mallory" })).toBe(true)
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
    expect(bed.log("a").control.isRevoked({ user: "mallory" })).toBe(false)
  })

  test("[F35] [G10] is told on a node that learns of it from a snapshot", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    await bed.env.clock.advance(3_000)
    const heard: string[] = []
    bed.log("b").control.onChange((change) => void (change.type === "revoked" && heard.push(change.subject)))
    bed.model.cut("b")
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + HOUR }))
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(0, bed.model.newest(0))
    await bed.until(() => !bed.log("b").control.fresh)
    bed.model.heal("b")
    await bed.until(() => bed.log("b").control.fresh)
    expect(bed.log("b").control.isRevoked({ user: "mallory" })).toBe(true)
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

  test("[F35] [G10] is told to be done when no node grants anything any more that has not heard of it", async () => {
    const bed = await nodes("a", "b")
    bed.model.slowTail("b", 700)
    await bed.until(() => bed.log("b").control.lagMs < 900)
    const startedAt = bed.env.clock.monotonic()
    const revoked = bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + 60_000 })
    await bed.until(() => bed.log("a").control.isRevoked({ user: "mallory" }))
    expect(bed.env.clock.monotonic() - startedAt).toBeLessThan(100)
    bed.model.cut("b")
    await bed.settled(revoked)
    expect(bed.env.clock.monotonic() - startedAt).toBeGreaterThanOrEqual(1_000)
    expect(bed.log("b").control.fresh).toBe(false)
    bed.model.heal("b")
  })

  test("[F35] of a token or of a claim is in force on every node", async () => {
    const bed = await nodes("a", "b")
    const { control } = bed.log("a")
    const until = bed.env.clock.now() + 60_000
    await bed.env.clock.advance(AGREED_MS)
    await bed.settled(Promise.all([control.revoke({ token: "t-1", until }), control.revoke({ claim: { org: "acme" }, until })]))
    for (const name of ["a", "b"]) {
      const { control: its } = bed.log(name)
      expect(its.isRevoked({ user: "ada", token: "t-1" })).toBe(true)
      expect(its.isRevoked({ user: "ada", claims: { org: ["other", "acme"] } })).toBe(true)
      expect(its.isRevoked({ user: "t-1", token: "t-2", claims: { org: "other" } })).toBe(false)
    }
    for (const wrong of [{ user: "a\u0000" }, { token: "" }, { claim: {} }])
      await expect(control.revoke({ ...wrong, until } as never)).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await expect(control.revoke({ user: "a", until: Number.NaN })).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await expect(control.revoke({ user: "a", until, issuedUntil: -1 })).rejects.toMatchObject({ code: "BAD_REQUEST" })
  })

  test("[F85] of a token is refused while a node of an older Magpie is there, and one of a user is not", async () => {
    const bed = await nodes("a")
    await bed.start("old", { supports: 1 })
    const { control } = bed.log("a")
    const until = bed.env.clock.now() + 60_000
    await bed.env.clock.advance(AGREED_MS)
    await expect(control.revoke({ token: "t-1", until })).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true })
    await expect(control.spend("name", until)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await bed.settled(control.revoke({ user: "mallory", until }))
    await bed.stop("old")
    // It counts as there for ten seconds.
    await bed.env.clock.advance(10_000 + AGREED_MS)
    await bed.settled(control.revoke({ token: "t-1", until }))
    expect(control.isRevoked({ token: "t-1" })).toBe(true)
  })

  test("[G12] that waits for the other nodes ends with the log", async () => {
    const bed = await nodes("a", "b")
    const revoked = bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + 60_000 })
    revoked.catch(() => {})
    await bed.until(() => bed.log("a").control.isRevoked({ user: "mallory" }))
    await bed.stop("a")
    await expect(revoked).rejects.toMatchObject({ code: "CLOSED" })
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
    expect(log.control.isRevoked({ user: "mallory" })).toBe(true)
    expect(log.control.fresh).toBe(true)
    await env.clock.advance(6_000)
    expect(log.control.isRevoked({ user: "mallory" })).toBe(false)
    expect(log.control.ownerOf("race/1")).toBeUndefined()
    const closing = log.close()
    await env.clock.settle()
    await closing
    expect(env.clock.pendingTimers).toBe(0)
  })
})

describe("what counts once", () => {
  test("[F37] counts for one of fifty who ask at once on three nodes", async () => {
    const bed = await nodes("a", "b", "c")
    await bed.env.clock.advance(AGREED_MS)
    const until = bed.env.clock.now() + 30_000
    const asked = Array.from({ length: 50 }, (_, index) => bed.log(["a", "b", "c"][index % 3] ?? "a").control.spend("ticket", until))
    const answers = await bed.settled(Promise.all(asked))
    expect(answers.filter((first) => first)).toHaveLength(1)
    expect(await bed.settled(bed.log("b").control.spend("ticket", until))).toBe(false)
    await bed.env.clock.advance(31_000)
    expect(await bed.settled(bed.log("b").control.spend("ticket", until))).toBe(false)
    await bed.agreed()
  })

  test("[F37] counts for nobody else when the node that asked was killed before it heard the answer", async () => {
    const bed = await nodes("a", "b")
    await bed.env.clock.advance(AGREED_MS)
    const until = bed.env.clock.now() + 30_000
    bed.model.loseAcks("a", 1, { partition: 0 })
    bed
      .log("a")
      .control.spend("ticket", until)
      .catch(() => {})
    await bed.env.clock.advance(50)
    bed.crash("a")
    expect(await bed.settled(bed.log("b").control.spend("ticket", until))).toBe(false)
  })

  test("[F37] belongs to the log's epoch, so that nothing counts again after a loss", async () => {
    const bed = await nodes("a", "b")
    const { control } = bed.log("a")
    const before = control.spendScope
    expect(bed.log("b").control.spendScope).toBe(before)
    await bed.settled(bed.log("a").publish(message(1)))
    await bed.agreed()
    bed.model.restart({ lose: 2, partition: 0 })
    await bed.until(() => ["a", "b"].every((name) => bed.log(name).control.fresh && bed.log(name).control.spendScope !== before))
    expect(bed.log("b").control.spendScope).toBe(control.spendScope)
  })

  test("[F37] where there is one node waits for no disk, and nothing of it outlives the process", async () => {
    const env = fakeEnv()
    const storage = memoryStorage({ env, commitDelayMs: 60_000 })
    const open = async () => {
      const opening = openDurableLog({ storage, env, settings: SETTINGS })
      await env.clock.advance(200_000)
      return opening
    }
    const log = await open()
    const until = env.clock.now() + 30_000
    expect(await Promise.all([log.control.spend("t", until), log.control.spend("t", until)])).toEqual([true, false])
    await expect(log.control.spend("a\u0000", until)).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await expect(log.control.spend("t", 1.5)).rejects.toMatchObject({ code: "BAD_REQUEST" })
    const { spendScope } = log.control
    expect(log.control.spendScope).toBe(spendScope)
    const other = fakeEnv({ seed: 2 })
    const reopening = openDurableLog({ storage: memoryStorage(), env: other, settings: SETTINGS })
    await other.clock.settle()
    const reopened = await reopening
    expect(reopened.control.spendScope).not.toBe(spendScope)
    for (const [one, its] of [
      [log, env],
      [reopened, other],
    ] as const) {
      const closing = one.close()
      await its.clock.advance(200_000)
      await closing
    }
  })
})
