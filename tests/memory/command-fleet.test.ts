import { commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { afterEach, describe, expect, it } from "vitest"
import { commandBed } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

const FLEET = 200

describe("many devices and many commands", () => {
  it("[G9] [F117] devices that come back together after a power cut get what waits for each of them, once", async () => {
    its = await commandBed()
    const { bed, done } = its
    const effects: string[] = []
    const devices = Array.from({ length: FLEET }, (_, index) => {
      const channel = bed.connect({ address: `10.1.0.${index}` }).channel(`device/${index}`)
      return serveCommands(channel, {
        store: memoryCommands(),
        handlers: {
          setValve(_input, { id }) {
            effects.push(id)
            return { angle: 90 }
          },
        },
      })
    })
    await bed.clock.until(() => devices.every(({ state }) => state.state === "serving"))
    for (let index = 0; index < FLEET; index++) bed.network.cut(true, `10.1.0.${index}`)
    await bed.clock.until(() => devices.every(({ state }) => state.state === "connecting"))
    const calls = devices.map((_, index) =>
      bed.server.channel(`device/${index}`).call("setValve", { open: true }, { id: `c${index}`, deadlineMs: 600_000 }),
    )
    for (let index = 0; index < FLEET; index++) bed.network.cut(false, `10.1.0.${index}`)
    await done(Promise.all(calls))
    expect(effects.length).toBe(FLEET)
    expect(new Set(effects).size).toBe(FLEET)
  })

  it("[G6] a device is given a window of what waits, and all of it in the order of the calls", async () => {
    its = await commandBed()
    const { bed, done } = its
    const wanted = Array.from({ length: 150 }, (_, index) => `c${index}`)
    const server = bed.server.channel("device/7")
    const calls = wanted.map((id) => server.call("setValve", { open: true }, { id, deadlineMs: 600_000 }))
    await bed.clock.until(() => server.open().length === wanted.length)
    const pump = its.device()
    await bed.clock.until(() => pump.effects.length > 0)
    // Those behind the window were not even taken.
    expect(server.open().some(({ state }) => state === "queued")).toBe(true)
    await done(Promise.all(calls))
    expect(pump.effects).toEqual(wanted)
  })

  it("[G6] a caller that reads slowly is told the newest state, and always the last", async () => {
    its = await commandBed({
      limits: { queuedBytes: 131_072 },
      async add(_numbers, { progress }) {
        for (let step = 1; step <= 900; step++) await progress(step)
        return 7
      },
    })
    const { bed, done } = its
    const told: number[] = []
    const tools = commands(bed.connect({ address: "10.0.0.1" }).channel("tools/sum"))
    const states: string[] = []
    const sum = tools.call("add", [], { id: "slow", onProgress: (step) => told.push(step), onState: (state) => states.push(state) })
    await bed.clock.until(() => bed.server.channel("tools/sum").get("slow") !== undefined)
    bed.network.stallReaders(true, "10.0.0.1")
    await bed.clock.until(() => bed.server.channel("tools/sum").get("slow")?.state === "done")
    expect(bed.network.heldBytes("10.0.0.1")).toBeLessThan(150_000)
    bed.network.stallReaders(false, "10.0.0.1")
    expect(await done(sum)).toBe(7)
    expect(states.at(-1)).toBe("done")
    expect(told).toEqual([...told].sort((a, b) => a - b))
  })
})
