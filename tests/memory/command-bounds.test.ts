import { commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { memoryStorage } from "@magpie/journal"
import type { AuthorizeRequest, User } from "@magpie/server"
import { afterEach, describe, expect, it } from "vitest"
import { commandBed, valve } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

describe("who calls commands", () => {
  it("[F34] [G10] a caller whose fresh token no longer lets it call is told nothing more, and its call fails", async () => {
    let mayCall = true
    const allows = ({ action, user }: AuthorizeRequest<User, object>) => action !== "call" || user?.id === "operator" || mayCall
    its = await commandBed({ withTokens: true, tokenMs: 5_000, allows })
    const { bed, done } = its
    const callAs = (user: string, channel: "device/7" | "device/8") =>
      commands(bed.connect({ token: () => user }).channel(channel)).outcome("setValve", { open: true }, { id: "c" })
    const [call, other] = [callAs("ada", "device/7"), callAs("operator", "device/8")]
    call.catch(() => {})
    const isThere = (channel: "device/7" | "device/8") => bed.server.channel(channel).get("c") !== undefined
    await bed.clock.until(() => isThere("device/7") && isThere("device/8"))
    mayCall = false
    await expect(done(call)).rejects.toMatchObject({ code: "FORBIDDEN" })
    expect(bed.server.channel("device/7").get("c")).toMatchObject({ state: "queued" })
    expect(await done(other)).toMatchObject({ state: "expired" })
  })

  it("[G10] [F116] an anonymous connection ends what it called itself, and neither the server's commands nor another's", async () => {
    its = await commandBed({ allows: ({ action }) => action !== "cancel-any" })
    const { bed, done } = its
    const stop = new AbortController()
    const own = valve(bed, "7", "10.0.0.1").outcome("setValve", { open: true }, { id: "own", signal: stop.signal })
    const others = bed.server.channel("device/7").outcome("setValve", { open: true }, { id: "server" })
    await bed.clock.until(() => bed.server.channel("device/7").open().length === 2)
    const stranger = valve(bed, "7", "10.0.0.2")
    for (const id of ["own", "server"]) await expect(done(stranger.cancel(id))).rejects.toMatchObject({ code: "FORBIDDEN" })
    stop.abort()
    expect(await done(own)).toMatchObject({ state: "cancelled" })
    expect(await done(others)).toMatchObject({ state: "expired" })
  })

  it("[G11] commands that have ended are remembered up to rememberedCommands of a channel, and without their input", async () => {
    its = await commandBed({ limits: { rememberedCommands: 2 } })
    const { bed, done } = its
    const tools = bed.server.channel("tools/a")
    for (const id of ["a", "b", "c", "d"]) await done(tools.call("add", [1, 2], { id }))
    expect(["a", "b", "c", "d"].map((id) => tools.get(id)?.state)).toEqual([undefined, "done", "done", "done"])
    expect(tools.get("d")).toMatchObject({ output: 3, input: undefined })
  })

  it("[G9] the time before it can leave counts in the contract's deadline, also for a client that does not know the contract", async () => {
    its = await commandBed()
    const { bed, done, device } = its
    const pump = device()
    await pump.isServing()
    const client = bed.connect({ address: "10.0.0.1", contract: undefined as never })
    const phone = commands(client.channel("device/7"))
    await done(phone.call("setValve", { open: true }))
    bed.network.cut(true, "10.0.0.1")
    const late = phone.outcome("setValve", { open: true }, { id: "late" })
    await bed.clock.advance(6_000)
    const soon = phone.outcome("setValve", { open: true }, { id: "soon" })
    await bed.clock.advance(6_000)
    bed.network.cut(false, "10.0.0.1")
    expect(await done(Promise.all([late, soon]))).toMatchObject([{ state: "expired" }, { state: "done" }])
    expect(pump.effects.slice(1)).toEqual(["soon"])
  })

  it("[G9] the time that a sleeping laptop did not count is counted by its wall clock", async () => {
    its = await commandBed()
    const { bed, done } = its
    const { pump, phone } = await its.cutPhone()
    const asleep = phone.outcome("setValve", { open: true }, { id: "asleep", deadlineMs: 60_000 })
    bed.clock.jumpWallClock(3_600_000)
    bed.network.cut(false, "10.0.0.1")
    expect(await done(asleep)).toMatchObject({ state: "expired" })
    expect(pump.effects).not.toContain("asleep")
  })

  it("is refused at once where the server runs the channel's commands and not this one, which nobody can serve", async () => {
    its = await commandBed({ withoutWait: true })
    const { bed, done } = its
    const [own, remote] = [bed.server.channel("tools/a"), commands(bed.connect().channel("tools/a"))]
    for (const tools of [own, remote]) {
      await expect(done(tools.call("wait", null))).rejects.toMatchObject({ code: "UNAVAILABLE", details: { isServed: false } })
      expect(await done(tools.call("add", [1, 2]))).toBe(3)
    }
    expect(own.open()).toEqual([])
  })
})

describe("a connection that serves many channels", () => {
  it("[G11] servedPerConnection: one more is LIMIT_EXCEEDED and leaves no channel behind, one again is not one more", async () => {
    its = await commandBed({ limits: { servedPerConnection: 2 } })
    const { bed } = its
    const raw = bed.raw({ plain: true })
    await bed.clock.until(() => raw.of("welcome").length > 0)
    const step = (id: number, channel: string, data: object) => raw.send({ type: "publish", id, channel, name: "$command", data })
    for (const [id, channel] of ["1", "2", "3", "2"].entries()) step(id, `device/${channel}`, { action: "serve" })
    await bed.clock.until(() => [0, 1, 2, 3].every((id) => raw.reply(id) !== undefined))
    const refusal = { type: "error", code: "LIMIT_EXCEEDED", details: { limit: "servedPerConnection" } }
    expect([0, 1, 2, 3].map((id) => raw.reply(id)?.type)).toEqual(["published", "published", "error", "published"])
    expect(raw.reply(2)).toMatchObject(refusal)
    expect(bed.server.channel("device/3").isServed).toBe(false)
    // One that it serves no longer makes room.
    step(4, "device/1", { action: "leave", fence: 1 })
    step(5, "device/3", { action: "serve" })
    await bed.clock.until(() => raw.reply(5) !== undefined)
    expect(raw.reply(5)).toMatchObject({ type: "published" })
  })

  it("[G11] a step on one of them looks at that one alone", async () => {
    const storage = memoryStorage()
    const ranges: string[] = []
    const { range } = storage
    storage.range = (options) => {
      // Open commands: of which channel, whose number says first how long it is.
      if (options.from.startsWith("z/")) ranges.push(options.from.slice(0, 3 + Number.parseInt(options.from.charAt(2), 36)))
      return range.call(storage, options)
    }
    its = await commandBed({ storage })
    const { bed, done } = its
    const client = bed.connect({ address: "10.0.0.9" })
    const devices = Array.from({ length: 50 }, (_, index) =>
      serveCommands(client.channel(`device/${index}`), {
        store: memoryCommands(),
        handlers: { setValve: ({ open }) => ({ angle: open ? 90 : 0 }) },
      }),
    )
    await bed.clock.until(() => devices.every(({ state }) => state.state === "serving"))
    ranges.length = 0
    expect(await done(valve(bed, "7").call("setValve", { open: true }))).toEqual({ angle: 90 })
    // Each step of the one command reads its own channel.
    expect(new Set(ranges).size).toBe(1)
  })
})
