import { memoryCommands } from "@magpie/client/command"
import { commandFailure, MagpieError } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { commandBed, gate, valve } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

describe("a command to a device", () => {
  it("goes from queued to done, and its caller is told of each step", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const pump = device({ act: (_input, { progress }) => progress(50) })
    await pump.isServing()
    const states: string[] = []
    const steps: unknown[] = []
    const phone = valve(bed)
    phone.onStep((step) => steps.push(step.state ?? step.serving))
    const output = await done(phone.call("setValve", { open: true }, { id: "c1", onState: (state) => states.push(state) }))
    expect(output).toEqual({ angle: 90 })
    expect(pump.effects).toEqual(["c1"])
    expect(states).toEqual(["queued", "delivered", "started", "progress", "done"])
    const page = await done(phone.ledger())
    expect(page.steps.map(({ state, serving }) => state ?? serving)).toEqual([1, ...states])
    expect(bed.server.channel("device/7").get("c1")).toMatchObject({ state: "done", output: { angle: 90 } })
  })

  it("fails with a code of its contract, or with one of Magpie's", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const how = [commandFailure("stuck", { angle: 3 }), new MagpieError("LIMIT_EXCEEDED", "too hot"), new Error("secret")]
    const pump = device({
      act: () => {
        throw how.shift()
      },
    })
    await pump.isServing()
    const failures: unknown[] = []
    pump.client.on("error", ({ code }) => failures.push(code))
    const phone = valve(bed)
    const stuck = await done(phone.outcome("setValve", { open: true }))
    expect(stuck).toMatchObject({ state: "failed", error: { code: "stuck", data: { angle: 3 } } })
    expect(await done(phone.outcome("setValve", { open: true }))).toMatchObject({
      state: "failed",
      error: { code: "LIMIT_EXCEEDED", message: "too hot" },
    })
    await expect(done(phone.call("setValve", { open: true }))).rejects.toMatchObject({
      code: "FAILED",
      details: { error: { code: "INTERNAL", message: "the handler failed" } },
    })
    expect(failures).toEqual(["INTERNAL"])
  })

  it("[G9] [F115] waits for a device that is away, and runs in the order of the calls when it comes", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const phone = valve(bed)
    const calls = ["a", "b", "c"].map((id) => phone.call("setValve", { open: true }, { id }))
    await bed.clock.until(() => bed.server.channel("device/7").open().length === 3)
    const pump = device()
    await done(Promise.all(calls))
    expect(pump.effects).toEqual(["a", "b", "c"])
  })

  it("[G9] [F115] expires where the device does not come in time, and is not executed when it does", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const phone = valve(bed)
    const late = phone.outcome("setValve", { open: true }, { id: "late" })
    await bed.clock.advance(11_500)
    expect(await done(late)).toEqual({ id: "late", state: "expired", output: undefined })
    await expect(done(phone.call("setValve", { open: true }, { id: "late" }))).rejects.toMatchObject({ code: "EXPIRED" })
    const pump = device()
    await pump.isServing()
    await bed.clock.advance(1_000)
    expect(pump.effects).toEqual([])
  })

  it("[G9] [F114] [F116] is one command under its id, however often and by whomever it is called", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const pump = device()
    await pump.isServing()
    const phones = [valve(bed), valve(bed), valve(bed, "7", "10.0.0.2")]
    const outputs = await done(
      Promise.all(phones.flatMap((phone) => [1, 2].map(() => phone.call("setValve", { open: true }, { id: "same" })))),
    )
    expect(outputs).toEqual(Array.from({ length: 6 }, () => ({ angle: 90 })))
    expect(pump.effects).toEqual(["same"])
    await expect(done(valve(bed).call("setValve", { open: false }, { id: "same" }))).rejects.toMatchObject({ code: "CONFLICT" })
  })

  it("[G9] [F114] a device that has forgotten nothing answers an id that the ledger has forgotten with what it stored", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const store = memoryCommands()
    const first = device({ store })
    await done(valve(bed).call("setValve", { open: true }, { id: "old" }))
    // Another log, which knows nothing of the command.
    bed.kill()
    await bed.start()
    expect(await done(valve(bed).call("setValve", { open: true }, { id: "old" }))).toEqual({ angle: 90 })
    expect(first.effects).toEqual(["old"])
  })

  it("[G9] [F115] cancelled before it is begun it has ended; after that the device decides", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const phone = valve(bed)
    const stop = new AbortController()
    const early = phone.outcome("setValve", { open: true }, { id: "early", signal: stop.signal })
    await bed.clock.until(() => bed.server.channel("device/7").get("early") !== undefined)
    stop.abort()
    expect(await done(early)).toMatchObject({ state: "cancelled" })
    const aborted: string[] = []
    const pump = device({
      act: (_input, { id, signal }) =>
        new Promise<void>((resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.push(id)
            if (id === "kind") reject(signal.reason)
            else resolve()
          })
        }),
    })
    for (const [id, state] of [
      ["kind", "cancelled"],
      ["stubborn", "done"],
    ] as const) {
      const running = phone.outcome("setValve", { open: true }, { id })
      await bed.clock.until(() => pump.effects.includes(id))
      await done(phone.cancel(id))
      expect(await done(running)).toMatchObject({ state })
    }
    expect([pump.effects, aborted]).toEqual([
      ["kind", "stubborn"],
      ["kind", "stubborn"],
    ])
    await expect(done(phone.cancel("unknown"))).rejects.toMatchObject({ code: "UNRECOVERABLE" })
  })

  it("[G9] [F114] is not begun where the way there and back took until its deadline", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const pump = device()
    await pump.isServing()
    const phone = valve(bed)
    await done(phone.call("setValve", { open: true }, { id: "before" }))
    bed.network.latencyMs = 400
    // It may be begun until 2,200 ms from now. The ledger takes that it is after 2,000, and says so after 2,400.
    const states: string[] = []
    const ended = await done(phone.outcome("setValve", { open: true }, { deadlineMs: 1_800, onState: (state) => states.push(state) }))
    expect(ended).toMatchObject({ state: "expired" })
    expect(states).toEqual(["queued", "delivered", "started", "expired"])
    expect(pump.effects).toEqual(["before"])
  })
})

describe("an interrupted command", () => {
  it("[G9] [F114] is reported when the device's link comes back, and is not run twice", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const work = gate()
    const pump = device({ act: () => work.passed })
    const phone = valve(bed)
    const call = phone.call("setValve", { open: true }, { id: "c" })
    await bed.clock.until(() => pump.effects.length === 1)
    bed.network.cut(true, "10.0.0.7")
    work.open()
    await bed.clock.until(() => pump.server.state.state === "connecting")
    bed.network.cut(false, "10.0.0.7")
    expect(await done(call)).toEqual({ angle: 90 })
    expect(pump.effects).toEqual(["c"])
  })

  it("[G9] [F114] is indeterminate where the device died in between, and answered from its store where it had ended", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const store = memoryCommands()
    const first = device({ store, act: ({ open }) => (open ? new Promise(() => {}) : undefined) })
    const phone = valve(bed)
    const call = phone.outcome("setValve", { open: true }, { id: "dead" })
    await bed.clock.until(() => first.effects.length === 1)
    // It dies: nothing of it is heard any more.
    bed.network.cut(true, "10.0.0.7")
    const second = device({ store, address: "10.0.0.8" })
    expect(await done(call)).toMatchObject({ state: "indeterminate" })
    await expect(done(phone.call("setValve", { open: true }, { id: "dead" }))).rejects.toMatchObject({ code: "INDETERMINATE" })
    expect(second.effects).toEqual([])
    expect((await store.get("dead"))?.state).toBe("started")
  })

  it("[G9] has a final state also where the device never comes back", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const pump = device({ act: () => new Promise(() => {}) })
    const call = valve(bed).outcome("setValve", { open: true })
    await bed.clock.until(() => pump.effects.length === 1)
    bed.network.cut(true, "10.0.0.7")
    await bed.clock.advance(14_000)
    expect(bed.server.channel("device/7").open()).toHaveLength(1)
    await bed.clock.advance(3_000)
    expect(await done(call)).toMatchObject({ state: "indeterminate" })
    expect(bed.server.channel("device/7").open()).toEqual([])
  })

  it("[G9] [F114] a device that comes back after another took over is told so, and what it says counts no more", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const work = gate()
    const first = device({ act: () => work.passed })
    const call = valve(bed).outcome("setValve", { open: true }, { id: "c" })
    await bed.clock.until(() => first.effects.length === 1)
    bed.network.cut(true, "10.0.0.7")
    const before = bed.clock.now()
    const second = device({ address: "10.0.0.8" })
    // Its store knows nothing of it, but the ledger does.
    expect(await done(call)).toMatchObject({ state: "indeterminate" })
    expect(bed.clock.now() - before).toBeLessThan(10_000)
    bed.network.cut(false, "10.0.0.7")
    work.open()
    await bed.clock.until(() => first.server.state.state === "ended")
    expect(first.server.state).toMatchObject({ error: { code: "CONFLICT" } })
    expect(await done(valve(bed).call("setValve", { open: false }, { id: "d" }))).toEqual({ angle: 0 })
    expect([first.effects, second.effects]).toEqual([["c"], ["d"]])
  })

  it("a device whose place is taken while it is there is told at once", async () => {
    its = await commandBed()
    const { bed, device } = its
    const first = device()
    await first.isServing()
    const second = device({ address: "10.0.0.8" })
    await second.isServing()
    await bed.clock.until(() => first.server.state.state === "ended")
  })

  it("[G9] a caller whose link breaks learns the outcome on the next one; what it could not say in time is never executed", async () => {
    its = await commandBed()
    const { bed, done } = its
    const { pump, phone } = await its.cutPhone()
    const soon = phone.outcome("setValve", { open: true }, { id: "soon", deadlineMs: 60_000 })
    const late = phone.outcome("setValve", { open: true }, { id: "late", deadlineMs: 2_000 })
    await bed.clock.advance(5_000)
    bed.network.cut(false, "10.0.0.1")
    expect(await done(soon)).toMatchObject({ state: "done" })
    expect(await done(late)).toMatchObject({ state: "expired" })
    expect(pump.effects.slice(1)).toEqual(["soon"])
  })

  it("[G9] [F114] is the same command for a caller that was restarted and gives its id again", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const work = gate()
    const pump = device({ act: () => work.passed })
    const first = bed.connect({ address: "10.0.0.1" })
    const { commands } = await import("@magpie/client/command")
    const lost = commands(first.channel("device/7")).call("setValve", { open: true }, { id: "order-7" })
    lost.catch(() => {})
    await bed.clock.until(() => pump.effects.length === 1)
    await done(first.close())
    await expect(lost).rejects.toMatchObject({ code: "CLOSED" })
    const again = valve(bed).call("setValve", { open: true }, { id: "order-7" })
    work.open()
    expect(await done(again)).toEqual({ angle: 90 })
    expect(pump.effects).toEqual(["order-7"])
  })
})
