import { memoryCommands, serveCommands } from "@magpie/client/command"
import { table } from "@magpie/client/table"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { batchesOf } from "../../apps/showcase/src/devices/fleet/calls.ts"
import { commandsOf } from "../../apps/showcase/src/devices/fleet/device-commands.ts"
import type { DeviceView } from "../../apps/showcase/src/devices/fleet/device-view.ts"
import { openLedger } from "../../apps/showcase/src/devices/fleet/ledger.ts"
import { reachedBy } from "../../apps/showcase/src/devices/fleet/reach.ts"
import { keepWills } from "../../apps/showcase/src/devices/server/fleet.ts"
import { FORGOTTEN_AFTER_MS, forgetGone } from "../../apps/showcase/src/devices/server/forgetting.ts"
import { createDevicesBed, type DevicesBed } from "./devices-bed.ts"

const WAIT = { wait: true, deadlineMs: 60_000 } as const

let its: DevicesBed
beforeEach(async () => {
  its = await createDevicesBed()
})
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

const seen = (view: DeviceView | undefined): DeviceView => {
  if (view === undefined) throw new Error("no such device is known")
  return view
}

/** What a device has reported, as another one would. */
function seenReport<Value>(row: { readonly value: Value } | undefined): Value {
  if (row === undefined) throw new Error("nothing was reported")
  return row.value
}

type Desk = ReturnType<DevicesBed["desk"]>

/** The id of a command to one device. */
function one(desk: Desk, device: DeviceView, ...rest: Parameters<Desk["call"]> extends [unknown, ...infer Rest] ? Rest : never): string {
  return desk.call([device], ...rest)[0] ?? ""
}

describe("the operators' page of devices", () => {
  it("shows who is there with what it reports, and since when somebody is gone, whose will the server keeps", async () => {
    const { clock, server } = its.bed
    keepWills(its.bed.connect(), server, clock)
    const desk = its.desk()
    const { client } = its.device("v1")
    await desk.isThere("v1")
    expect(desk.view("v1")).toMatchObject({ kind: "valve", group: "hall", host: "page", state: { position: 0, moving: false } })
    const before = clock.now()
    await its.told(client.close())
    await desk.isGone("v1")
    await clock.until(() => seen(desk.view("v1")).seenAt >= before)
    its.device("v1")
    await desk.isThere("v1")
    await clock.until(() => server.channel("devices/reported").get("v1")?.value.leftAt === undefined)
    desk.close()
  })

  it("forgets a device that is away, with what was desired of it, and knows it again when it comes back", async () => {
    const { clock, server } = its.bed
    const desk = its.desk()
    const { client } = its.device("v3")
    await desk.isThere("v3")
    desk.desire(["v3"], { position: 30 })
    await clock.until(() => server.channel("devices/desired").get("v3") !== undefined)
    await its.told(client.close())
    await desk.isGone("v3")
    desk.forget("v3")
    await clock.until(() => desk.view("v3") === undefined)
    await clock.until(() => server.channel("devices/desired").get("v3") === undefined)
    its.device("v3")
    await desk.isThere("v3")
    // The server's own devices are not forgotten by whoever comes.
    await its.told(server.channel("devices/reported").set("demo-valve", seenReport(server.channel("devices/reported").get("v3"))))
    desk.forget("demo-valve")
    await clock.until(() => desk.failure.get() === "demo-valve")
    desk.close()
  })

  it("forgets by itself what was not heard of for long, and nobody who is there", async () => {
    const { clock, server } = its.bed
    const stops = [keepWills(its.bed.connect(), server, clock), forgetGone(its.bed.connect(), server, clock)]
    const desk = its.desk()
    const { client } = its.device("v4")
    its.device("v5")
    await desk.isThere("v4")
    await desk.isThere("v5")
    await its.told(client.close())
    await desk.isGone("v4")
    clock.jumpWallClock(FORGOTTEN_AFTER_MS)
    await clock.until(() => desk.view("v4") === undefined)
    expect(desk.view("v5")?.isOnline).toBe(true)
    for (const stop of stops) await its.told(stop())
    desk.close()
  })

  it("tells apart what a device has not heard of from what it took up and is no longer", async () => {
    const { clock } = its.bed
    const desk = its.desk()
    const first = its.device("l1", { kind: "lamp" })
    await desk.isThere("l1")
    await its.told(first.client.close())
    await desk.isGone("l1")
    desk.desire(["l1"], { on: true, brightness: 80 })
    await clock.until(() => desk.view("l1")?.delta !== undefined)
    expect(desk.view("l1")?.delta).toEqual({ fields: ["on"], isTakenUp: false })
    const second = its.device("l1", { kind: "lamp" })
    await clock.until(() => desk.view("l1")?.state.on === true)
    expect(desk.view("l1")?.delta).toBeUndefined()
    second.model.controls.press?.()
    second.device.look()
    await clock.until(() => desk.view("l1")?.delta !== undefined)
    expect(desk.view("l1")?.delta).toEqual({ fields: ["on"], isTakenUp: true })
    // It does not fight for what it took up once.
    await clock.advance(10_000)
    expect(desk.view("l1")?.state.on).toBe(false)
    desk.close()
  })

  it("[G9] keeps a command for a device that is away, as long as it may wait, or does not say it at all", async () => {
    const { clock } = its.bed
    const desk = its.desk()
    const first = its.device("v2")
    await desk.isThere("v2")
    await its.told(first.client.close())
    await desk.isGone("v2")
    const device = seen(desk.view("v2"))
    const absent = one(desk, device, { position: 10 }, { wait: false })
    const late = one(desk, device, { position: 20 }, { wait: true, deadlineMs: 5_000 })
    const kept = one(desk, device, { position: 40 }, WAIT)
    await clock.until(() => desk.stateOf(late) === "expired")
    expect([desk.stateOf(absent), desk.stateOf(kept)]).toEqual(["absent", "queued"])
    const second = its.device("v2", { store: first.store })
    await clock.until(() => desk.stateOf(kept) === "done")
    expect(second.begun).toEqual([kept])
    expect(second.model.state).toMatchObject({ position: 40 })
    desk.close()
  })

  it("shows how far a command is, cancels it, and says what it failed with", async () => {
    const { clock } = its.bed
    const desk = its.desk()
    const { model } = its.device("v3")
    await desk.isThere("v3")
    const progress = (id: string) => desk.calls.get().find((call) => call.id === id)?.progress ?? 0
    const stopped = one(desk, seen(desk.view("v3")), { position: 100 }, WAIT)
    await clock.until(() => progress(stopped) > 0.3)
    desk.cancel(stopped)
    await clock.until(() => desk.stateOf(stopped) === "cancelled")
    expect(Number(model.state.position)).toBeLessThan(100)
    model.controls.jam?.()
    const stuck = one(desk, seen(desk.view("v3")), { position: 0 }, WAIT)
    await clock.until(() => desk.stateOf(stuck) === "failed")
    expect(desk.calls.get()[0]).toMatchObject({ id: stuck, code: "stuck" })
    const wrong = one(desk, seen(desk.view("v3")), { target: 20 }, WAIT)
    await clock.until(() => desk.stateOf(wrong) === "refused")
    expect(desk.calls.get()[0]).toMatchObject({ code: "BAD_REQUEST" })
    desk.close()
  })

  it("[G9] says a command to a group as one to each device of its kind there, and shows them together", async () => {
    const { clock } = its.bed
    const desk = its.desk()
    const [first, second] = [its.device("g1"), its.device("g2")]
    its.device("l9", { kind: "lamp" })
    for (const id of ["g1", "g2", "l9"]) await desk.isThere(id)
    await its.told(second.client.close())
    await desk.isGone("g2")
    const reached = reachedBy("group", seen(desk.view("g1")), desk.devices.get())
    expect(reached.map(({ id }) => id)).toEqual(["g1", "g2"])
    expect(reachedBy("group", { ...seen(desk.view("g1")), group: "attic" }, desk.devices.get())).toEqual([])
    const ids = desk.call(reached, { position: 15 }, WAIT)
    await clock.until(() => desk.stateOf(ids[0] ?? "") === "done")
    expect(desk.stateOf(ids[1] ?? "")).toBe("queued")
    const again = its.device("g2", { store: second.store })
    await clock.until(() => desk.stateOf(ids[1] ?? "") === "done")
    expect([first.begun, again.begun]).toEqual([[ids[0]], [ids[1]]])
    expect(batchesOf(desk.calls.get()).map((batch) => batch.map(({ device }) => device))).toEqual([["g1", "g2"]])
    desk.close()
  })

  it("keeps at most 20 commands that have ended", async () => {
    const desk = its.desk()
    const { client } = its.device("v4")
    await desk.isThere("v4")
    await its.told(client.close())
    await desk.isGone("v4")
    for (let n = 0; n < 30; n++) one(desk, seen(desk.view("v4")), { position: n }, { wait: false })
    expect(desk.calls.get().length).toBeLessThanOrEqual(21)
    desk.close()
  })

  it("has the whole ledger of a device, what was before and what comes, in its order", async () => {
    const { clock } = its.bed
    const desk = its.desk()
    its.device("v5")
    await desk.isThere("v5")
    const before = one(desk, seen(desk.view("v5")), { position: 5 }, WAIT)
    await clock.until(() => desk.stateOf(before) === "done")
    const ledger = openLedger(commandsOf(its.bed.connect(), { kind: "valve", id: "v5" }))
    await clock.until(() => ledger.view.get().state === "live")
    const after = one(desk, seen(desk.view("v5")), { position: 0 }, WAIT)
    await clock.until(() => ledger.view.get().steps[0]?.state === "done" && ledger.view.get().steps[0]?.command === after)
    const states = (id: string) =>
      ledger.view
        .get()
        .steps.flatMap(({ command, state }) => (command === id ? state : []))
        .reverse()
    expect([states(before), states(after)]).toEqual([
      ["queued", "delivered", "started", "done"],
      ["queued", "delivered", "started", "done"],
    ])
    ledger.close()
    desk.close()
  })
})

describe("the rights of devices", () => {
  it("[G10] let nobody be one of the server's own devices, or write what it is", async () => {
    const visitor = its.bed.connect()
    const wrong = serveCommands(visitor.channel("valve/demo-valve"), { store: memoryCommands(), handlers: { move: (input) => input } })
    await its.bed.clock.until(() => wrong.state.state === "ended")
    expect(wrong.state).toMatchObject({ error: { code: "FORBIDDEN" } })
    const state = { position: 100, moving: false, jammed: false }
    const row = { kind: "valve", group: "hall", host: "page", applied: 0, state } as const
    const rows = table(visitor.channel("devices/reported"))
    await expect(its.told(rows.set("demo-valve", row))).rejects.toMatchObject({ code: "FORBIDDEN" })
    await its.told(rows.set("mine", row))
    const fleet = its.bed.connect({ key: "fleet" })
    const right = serveCommands(fleet.channel("valve/demo-valve"), { store: memoryCommands(), handlers: { move: (input) => input } })
    await its.bed.clock.until(() => right.state.state === "serving")
    await its.told(table(fleet.channel("devices/reported")).set("demo-valve", row))
  })
})
