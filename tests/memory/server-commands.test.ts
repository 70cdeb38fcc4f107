import { commands } from "@magpie/client/command"
import { memoryStorage } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { commandBed, valve } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

describe("a handler of the server", () => {
  it("[G11] need not await its progress, also where nobody takes it", async () => {
    its = await commandBed({
      limits: { progressPerCommand: 2 },
      async add(numbers, { progress }) {
        for (const number of numbers) void progress(number)
        return numbers.length
      },
    })
    const { bed, done } = its
    const unhandled: unknown[] = []
    const heard = (reason: unknown) => unhandled.push(reason)
    process.on("unhandledRejection", heard)
    expect(await done(commands(bed.connect().channel("tools/sum")).call("add", [1, 2, 3, 4]))).toBe(4)
    // Node tells of a rejection that nobody took when the turn's promises have run.
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", heard)
    expect(unhandled).toEqual([])
  })

  it("[G9] [F115] does not begin where its disk took until the deadline", async () => {
    const runs: number[] = []
    its = await commandBed({
      storage: (env) => memoryStorage({ env, commitDelayMs: 3_000 }),
      add: async ([number = 0]) => runs.push(number),
    })
    const { bed, done } = its
    const [own, tools] = [bed.server.channel("tools/sum"), commands(bed.connect().channel("tools/sum"))]
    expect(await done(own.outcome("add", [1], { deadlineMs: 100 }))).toMatchObject({ state: "expired" })
    expect(await done(tools.outcome("add", [2], { deadlineMs: 100 }))).toMatchObject({ state: "expired" })
    expect(await done(own.outcome("add", [3], { deadlineMs: 10_000 }))).toMatchObject({ state: "done" })
    expect(runs).toEqual([3])
  })

  it("[G9] [F115] does not begin what was cancelled before the log had told of the call", async () => {
    const runs: number[] = []
    its = await commandBed({
      storage: (env) => memoryStorage({ env, commitDelayMs: 100 }),
      add: async ([number = 0]) => runs.push(number),
    })
    const { bed, done } = its
    const tools = bed.server.channel("tools/sum")
    // While the first is on its way to the disk, what follows waits for one batch.
    const first = tools.outcome("add", [1], { id: "first" })
    const second = tools.outcome("add", [2], { id: "second" })
    const cancelled = tools.cancel("second")
    expect(await done(first)).toMatchObject({ state: "done" })
    expect(await done(second)).toMatchObject({ state: "cancelled" })
    await done(cancelled)
    expect(runs).toEqual([1])
  })

  it("[G9] has its end told also where the disk had no room for it at first", async () => {
    const storage = memoryStorage()
    its = await commandBed({
      storage,
      async add([number = 0]) {
        storage.failNextCommit("unavailable")
        return number
      },
    })
    const { bed, done } = its
    expect(await done(bed.server.channel("tools/sum").outcome("add", [7]))).toMatchObject({ state: "done", output: 7 })
  })

  it("[G12] leaves nothing behind where the disk never has room for its end", async () => {
    const storage = memoryStorage()
    let isFull = false
    its = await commandBed({
      storage: {
        ...storage,
        commit: (writes) => (isFull ? Promise.reject(new MagpieError("UNAVAILABLE", "the disk is full")) : storage.commit(writes)),
      },
      async add([number = 0]) {
        isFull = true
        return number
      },
    })
    const { bed } = its
    const lost = commands(bed.connect().channel("tools/sum")).outcome("add", [7])
    lost.catch(() => {})
    await bed.clock.until(() => isFull)
    await bed.clock.advance(5_000)
    expect(bed.server.channel("tools/sum").open()).toHaveLength(1)
  })
})

describe("a call of the server's own", () => {
  it("[G12] fails with CLOSED when the server closes before it has ended", async () => {
    its = await commandBed()
    const { bed, done } = its
    const pending = [
      bed.server.channel("device/7").call("setValve", { open: true }),
      bed.server.channel("device/8").outcome("setValve", { open: true }),
    ]
    const ends = Promise.allSettled(pending)
    await bed.clock.until(() => bed.server.channel("device/8").open().length === 1)
    await done(bed.server.close({ spreadMs: 0 }))
    for (const end of await done(ends)) expect(end).toMatchObject({ status: "rejected", reason: { code: "CLOSED" } })
  })

  it("[G12] leaves no timer where its handler ends at nothing", async () => {
    its = await commandBed({ wait: () => new Promise(() => {}) })
    const { bed } = its
    const lost = bed.server.channel("tools/a").outcome("wait", null)
    lost.catch(() => {})
    await bed.clock.until(() => bed.server.channel("tools/a").open().length === 1)
  })

  it("is told and ends also where its own listeners throw, and so does everybody else's", async () => {
    its = await commandBed()
    const { bed, done } = its
    const fail = () => {
      throw new Error("secret")
    }
    const steps: unknown[] = []
    commands(bed.connect().channel("device/7")).onStep(({ command, state }) => steps.push([command, state]))
    const calls = [fail, () => {}].map((onState, index) =>
      bed.server.channel("device/7").outcome("setValve", { open: true }, { id: `c${index}`, deadlineMs: 1_000, onState }),
    )
    const ends = await done(Promise.all(calls))
    expect(ends.map(({ state }) => state)).toEqual(["expired", "expired"])
    await bed.clock.until(() => steps.length === 2)
    expect(steps).toEqual([
      ["c0", "expired"],
      ["c1", "expired"],
    ])
    const lines = bed.env.lines.filter(({ event }) => event === "command-listener-failed")
    expect(lines.map(({ fields }) => fields.failure)).toEqual(["Error", "Error"])
    expect(JSON.stringify(lines)).not.toContain("secret")
  })
})

const call = { action: "call", command: "c", name: "setValve", input: { open: true } }

describe("what cannot be read", () => {
  it.each([
    { asked: call, row: "y/" },
    { asked: { action: "serve" }, row: "c/" },
  ])("[G11] ends the connection that was to be told after its $asked.action, and nothing else", async ({ asked, row }) => {
    const storage = memoryStorage()
    let isBroken = false
    let breaksNext = false
    its = await commandBed({
      storage: {
        ...storage,
        get(key) {
          if (!isBroken || !key.startsWith(row)) return storage.get(key)
          isBroken = false
          throw new MagpieError("UNAVAILABLE", "cannot be read now")
        },
        async commit(writes) {
          await storage.commit(writes)
          isBroken = breaksNext
          breaksNext = false
        },
      },
    })
    const { bed, done, device } = its
    const unhandled: unknown[] = []
    const heard = (reason: unknown) => unhandled.push(reason)
    process.on("unhandledRejection", heard)
    const raw = bed.raw({ plain: true })
    await bed.clock.until(() => raw.of("welcome").length > 0)
    breaksNext = true
    raw.send({ type: "publish", id: 1, channel: "device/7", name: "$command", data: asked })
    await bed.clock.until(() => raw.closedWith !== undefined)
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", heard)
    expect([unhandled, raw.closedWith?.code]).toEqual([[], 1013])
    device()
    expect(await done(valve(bed).call("setValve", { open: true }, { id: "c" }))).toEqual({ angle: 90 })
  })
})
