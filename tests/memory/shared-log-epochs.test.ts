import { memorySnapshots } from "@magpie/journal"
import type { Position } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { CHANNEL_PARTITION, datas, message, type SharedLogBed } from "./shared-log-bed.ts"
import { bedOfTest, nodes } from "./shared-log-nodes.ts"

async function publish(bed: SharedLogBed, node: string, ...values: unknown[]): Promise<Position> {
  let position: Position = { epoch: "", offset: 0 }
  for (const value of values) {
    const outcome = await bed.settled(bed.log(node).publish(message(value)))
    if (outcome.result !== "stored") throw new Error(`not stored: ${outcome.result}`)
    position = outcome.position
  }
  return position
}

function epochs(bed: SharedLogBed): string[] {
  return bed.env.lines
    .filter(({ event, fields }) => event === "journal.epoch" && fields.partition === CHANNEL_PARTITION)
    .map(({ fields }) => String(fields.epoch))
}

describe("a journal that starts anew from an older point", () => {
  test("[F70] gets one new epoch on all nodes, without what it lost, and equal states", async () => {
    const bed = await nodes("a", "b", "c")
    const announced: unknown[] = []
    bed.log("a").onApplied((publications) => announced.push(...publications.map(({ data }) => JSON.parse(data) as unknown)))
    const kept = await publish(bed, "a", 1, 2)
    const lost = await publish(bed, "b", 3, 4)
    await bed.agreed()
    const told = new Map<string, number>()
    for (const name of ["a", "b", "c"]) {
      bed.log(name).onEpoch((concerns) => {
        if (concerns("c/1")) told.set(name, (told.get(name) ?? 0) + 1)
      })
    }
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    await bed.until(() => ["a", "b", "c"].every((name) => told.has(name)))
    await bed.agreed()
    const newest = bed.log("a").newest("c/1")
    expect(newest.epoch).not.toBe(lost.epoch)
    for (const name of ["a", "b", "c"]) {
      expect(datas(bed.log(name))).toEqual([1, 2])
      expect(bed.log(name).newest("c/1")).toEqual(newest)
      for (const position of [lost, kept]) {
        expect(bed.log(name).behind("c/1", position)).toBeUndefined()
        expect(bed.log(name).resume("c/1", position)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
      }
    }
    await bed.env.clock.advance(30_000)
    expect([...told.values()]).toEqual([1, 1, 1])
    const next = await publish(bed, "c", 5)
    expect(next).toMatchObject({ epoch: newest.epoch, offset: 3 })
    await bed.agreed()
    expect(announced).toEqual([1, 2, 3, 4, 5])
  })

  test("[F70] gets one new epoch also when nodes answer before they hear of each other", async () => {
    const bed = await nodes("a", "b", "c")
    await publish(bed, "a", 1, 2)
    await bed.agreed()
    const told: string[] = []
    for (const name of ["a", "b", "c"]) bed.log(name).onEpoch((concerns) => void (concerns("c/1") && told.push(name)))
    bed.model.setLatency({ minMs: 400, maxMs: 400 })
    bed.model.restart({ lose: 1, partition: CHANNEL_PARTITION })
    const answers = (): number => epochs(bed).length - 1
    await bed.until(() => answers() >= 2)
    await bed.env.clock.advance(30_000)
    bed.model.setLatency({ minMs: 0, maxMs: 4 })
    await bed.agreed()
    expect(new Set(epochs(bed).slice(1)).size).toBe(1)
    expect(told.sort()).toEqual(["a", "b", "c"])
  })

  test("[F70] once more, to before the first new epoch, gets another epoch again", async () => {
    const bed = await nodes("a", "b")
    await publish(bed, "a", 1, 2, 3)
    await bed.agreed()
    const first = bed.log("a").newest("c/1").epoch
    const newestBefore = bed.model.newest(CHANNEL_PARTITION)
    bed.model.restart({ lose: 1, partition: CHANNEL_PARTITION })
    await bed.until(() => bed.logs.size === 2 && epochs(bed).length > 1)
    await bed.agreed()
    const second = bed.log("a").newest("c/1").epoch
    expect(second).not.toBe(first)
    await publish(bed, "a", 4)
    await bed.agreed()
    bed.model.restart({ lose: bed.model.newest(CHANNEL_PARTITION) - newestBefore + 2, partition: CHANNEL_PARTITION })
    const before = epochs(bed).length
    await bed.until(() => epochs(bed).length > before)
    await bed.agreed()
    const third = bed.log("a").newest("c/1").epoch
    expect(new Set([first, second, third]).size).toBe(3)
    expect(datas(bed.log("b"))).toEqual([1])
  })

  test("is noticed by a node that was away meanwhile, which starts no second epoch", async () => {
    const bed = await nodes("a", "b")
    await publish(bed, "a", 1, 2, 3)
    await bed.agreed()
    bed.crash("b")
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    const before = epochs(bed).length
    await bed.until(() => epochs(bed).length > before)
    const { epoch } = await publish(bed, "a", "new 2", "new 3", "new 4")
    await bed.start("b")
    await bed.agreed()
    expect(bed.log("b").newest("c/1").epoch).toBe(epoch)
    expect(bed.log("a").newest("c/1").epoch).toBe(epoch)
    expect(datas(bed.log("b"))).toEqual([1, "new 2", "new 3", "new 4"])
  })

  test("is noticed although a node that lagged went on publishing at the positions of what was lost", async () => {
    const bed = await nodes("a", "b")
    await publish(bed, "a", 1)
    await bed.agreed()
    bed.model.cut("b")
    const lost = await publish(bed, "a", 2, 3)
    bed.model.cut("a")
    bed.model.heal("b")
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    await publish(bed, "b", "other 2", "other 3", "other 4")
    expect(bed.log("b").resume("c/1", lost)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    bed.model.heal("a")
    const before = epochs(bed).length
    await bed.until(() => epochs(bed).length > before)
    await bed.agreed()
    for (const name of ["a", "b"]) {
      expect(datas(bed.log(name))).toEqual([1, "other 2", "other 3", "other 4"])
      expect(bed.log(name).newest("c/1").epoch).not.toBe(lost.epoch)
    }
  })

  test("keeps the epoch where nothing was lost", async () => {
    const bed = await nodes("a", "b")
    const position = await publish(bed, "a", 1, 2)
    await bed.agreed()
    bed.model.restart()
    await publish(bed, "b", 3)
    await bed.agreed()
    expect(bed.log("a").newest("c/1").epoch).toBe(position.epoch)
    expect(bed.log("b").resume("c/1", position)).toEqual({ answer: "recovered", position })
  })

  test("[F70] is not what a node sees that was cut off while the log was trimmed: nobody is told of a loss", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    const position = await publish(bed, "a", 1, 2)
    await bed.agreed()
    // It began with an empty log, and its connection has never broken.
    bed.model.cut("b")
    await publish(bed, "a", 3, 4, 5)
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(CHANNEL_PARTITION, bed.model.newest(CHANNEL_PARTITION))
    bed.model.heal("b")
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1, 2, 3, 4, 5])
    expect(bed.log("b").newest("c/1").epoch).toBe(position.epoch)
    expect(epochs(bed)).toHaveLength(1)
  })

  test("[F70] is not what a node sees that was down while the log was trimmed, after a restart of the broker that lost nothing", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    const position = await publish(bed, "a", 1, 2)
    await bed.agreed()
    // Nothing comes any more by which what the node has on its disk would be written anew.
    await bed.env.clock.advance(60_000)
    bed.model.restart()
    await bed.env.clock.advance(2_000)
    bed.crash("b")
    await publish(bed, "a", 3, 4, 5)
    await bed.settled(bed.log("a").snapshot())
    bed.model.trim(CHANNEL_PARTITION, bed.model.newest(CHANNEL_PARTITION))
    await bed.start("b", { snapshots })
    await bed.agreed()
    expect(datas(bed.log("b"))).toEqual([1, 2, 3, 4, 5])
    expect(bed.log("a").newest("c/1").epoch).toBe(position.epoch)
    expect(epochs(bed)).toHaveLength(1)
  })

  test("that lost everything begins anew, under another epoch", async () => {
    const bed = await nodes("a", "b")
    const lost = await publish(bed, "a", 1, 2)
    await bed.agreed()
    bed.model.restart({ lose: 1_000 })
    const before = epochs(bed).length
    await bed.until(() => epochs(bed).length > before)
    await bed.agreed()
    expect(datas(bed.log("a"))).toEqual([])
    expect(bed.log("b").resume("c/1", lost)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    expect(await publish(bed, "b", "again")).toMatchObject({ offset: 1 })
    await bed.agreed()
  })

  test("is answered also by a node that was killed while it built its state anew", async () => {
    const bed = await nodes("a")
    const lost = await publish(bed, "a", 1, 2, 3)
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    await bed.until(() => bed.env.lines.some(({ event }) => event === "journal.rebuild"))
    bed.model.refuseAppends("a", true)
    await bed.env.clock.advance(500)
    bed.crash("a")
    bed.model.refuseAppends("a", false)
    await bed.start("a")
    expect(bed.log("a").newest("c/1").epoch).not.toBe(lost.epoch)
    expect(datas(bed.log("a"))).toEqual([1])
  })

  test("is rebuilt from a snapshot that the log bears out, not from one of what was lost", async () => {
    const snapshots = memorySnapshots()
    const bed = bedOfTest(1, { trims: false })
    for (const name of ["a", "b"]) await bed.start(name, { snapshots })
    await publish(bed, "a", 1, 2)
    await bed.settled(bed.log("a").snapshot())
    const good = bed.model.newest(CHANNEL_PARTITION)
    await publish(bed, "a", 3, 4)
    await bed.settled(bed.log("a").snapshot())
    await bed.agreed()
    bed.model.trim(CHANNEL_PARTITION, good)
    bed.crash("b")
    bed.model.restart({ lose: 2, partition: CHANNEL_PARTITION })
    const before = epochs(bed).length
    await bed.until(() => epochs(bed).length > before)
    await publish(bed, "a", "new 3", "new 4", "new 5")
    await bed.start("b", { snapshots })
    await bed.start("c", { snapshots })
    await bed.agreed()
    for (const name of ["a", "b", "c"]) expect(datas(bed.log(name))).toEqual([1, 2, "new 3", "new 4", "new 5"])
  })

  test("[G10] brings back a revocation that holds for as long as one can", async () => {
    const bed = await nodes("a", "b")
    await bed.env.clock.advance(5_000)
    const before = bed.model.newest(0)
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: 2 ** 51 }))
    await bed.agreed()
    bed.model.cut("a")
    bed.model.cut("b")
    bed.model.restart({ lose: bed.model.newest(0) - before, partition: 0 })
    await bed.env.clock.advance(5_000)
    bed.model.heal("a")
    bed.model.heal("b")
    await bed.until(() => bed.log("a").control.fresh && bed.log("b").control.fresh)
    for (const name of ["a", "b"]) expect(bed.log(name).control.isRevoked({ user: "mallory" })).toBe(true)
  })

  test("[G10] forgets no revocation, and ends every ownership", async () => {
    const bed = await nodes("a", "b")
    const claim = await bed.settled(bed.log("a").control.claim("race/1", 600_000))
    await bed.env.clock.advance(5_000)
    const before = bed.model.newest(0)
    await bed.settled(bed.log("a").control.revoke({ user: "mallory", until: bed.env.clock.now() + 3_600_000 }))
    await bed.agreed()
    bed.model.restart({ lose: bed.model.newest(0) - before, partition: 0 })
    await bed.until(() => ["a", "b"].every((name) => bed.log(name).control.fresh && bed.log(name).control.ownerOf("race/1") === undefined))
    for (const name of ["a", "b"]) expect(bed.log(name).control.isRevoked({ user: "mallory" })).toBe(true)
    const again = await bed.settled(bed.log("b").control.claim("race/1", 600_000))
    expect(again).toMatchObject({ granted: true })
    expect(again.fence.epoch).not.toBe(claim.fence.epoch)
  })
})
