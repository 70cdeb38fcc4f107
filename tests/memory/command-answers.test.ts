import { commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { command, commandFailure, contract, json } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"

const angle = z.object({ angle: z.number() })
const turn = { input: json<null>(), output: angle, errors: { stuck: angle } }
const app = contract({
  "device/:id": command({ turn, stop: { input: json<null>(), output: z.void() } }),
  "server/:id": command({ turn, stop: { input: json<null>(), output: z.void() } }),
})

async function start(act: () => unknown) {
  const handlers = { turn: async () => act() as { angle: number }, stop: () => {} }
  const authorize = () => true
  const bed = await createTestBed(app, {
    auth: anonymous(),
    rules: { "device/:id": { authorize }, "server/:id": { authorize, handle: handlers } },
  })
  const device = serveCommands(bed.connect().channel("device/7"), { store: memoryCommands(), handlers })
  await bed.clock.until(() => device.state.state === "serving")
  return bed
}

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

describe.each(["device", "server"] as const)("what a handler of a %s gives", (where) => {
  async function outcomeOf(act: () => unknown, name: "turn" | "stop" = "turn") {
    bed = await start(act)
    let ended: unknown
    const client = bed.connect()
    const caller = where === "device" ? commands(client.channel("device/7")) : commands(client.channel("server/7"))
    caller.outcome(name, null).then((outcome) => {
      ended = outcome
    })
    await bed.clock.until(() => ended !== undefined, 10_000)
    return ended
  }

  it("is taken through the contract, also where it is nothing", async () => {
    expect(await outcomeOf(() => undefined)).toMatchObject({ state: "failed", error: { code: "BAD_REQUEST" } })
  })

  it("fails as it is refused where its failure is not what the contract says", async () => {
    const stuck = () => {
      throw commandFailure("stuck", { angle: "far" })
    }
    expect(await outcomeOf(stuck)).toMatchObject({ state: "failed", error: { code: "BAD_REQUEST" } })
  })

  it("may be nothing where the contract says so", async () => {
    expect(await outcomeOf(() => undefined, "stop")).toMatchObject({ state: "done" })
  })
})

it("[G11] a device cannot report a failure without its error, nor progress that is none", async () => {
  bed = await start(() => undefined)
  const raw = bed.raw({ plain: true })
  await bed.clock.until(() => raw.of("welcome").length > 0)
  const step = (id: number, data: object) => raw.send({ type: "publish", id, channel: "device/8", name: "$command", data })
  step(1, { action: "serve" })
  step(2, { action: "call", command: "c", name: "turn", input: null })
  await bed.clock.until(() => raw.reply(2) !== undefined)
  step(3, { action: "report", command: "c", fence: 1, state: "started" })
  step(4, { action: "report", command: "c", fence: 1, state: "failed" })
  step(5, { action: "report", command: "c", fence: 1, state: "progress" })
  step(6, { action: "report", command: "c", fence: 1, state: "done" })
  await bed.clock.until(() => raw.reply(6) !== undefined)
  expect([4, 5, 6].map((id) => raw.reply(id)?.code)).toEqual(["BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST"])
  expect(bed.server.channel("device/8").get("c")?.state).toBe("started")
})
