import { commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { memoryStorage } from "@magpie/journal"
import type { RawConnection } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { commandBed, gate, valve } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

describe("who may do what with commands", () => {
  it("[G10] [F116] is asked for each command that is called, for serving, and for the ledger", async () => {
    const asked = new Set<string>()
    its = await commandBed({
      allows({ action, channel, key }) {
        asked.add([action, channel, key].join(" "))
        return action === "call" && channel === "device/7" && key === "setValve"
      },
    })
    const { bed, done, device } = its
    await expect(done(valve(bed, "8").call("setValve", { open: true }))).rejects.toMatchObject({ code: "FORBIDDEN" })
    const thief = device()
    await bed.clock.until(() => thief.server.state.state === "ended")
    expect(thief.server.state).toMatchObject({ error: { code: "FORBIDDEN" } })
    const phone = valve(bed)
    await expect(done(phone.ledger())).rejects.toMatchObject({ code: "FORBIDDEN" })
    expect(await done(phone.outcome("setValve", { open: true }, { deadlineMs: 2_000 }))).toMatchObject({ state: "expired" })
    expect([...asked].sort()).toEqual(["call device/7 setValve", "call device/8 setValve", "history device/7 ", "serve device/7 "])
  })

  it("[G10] a device's reports need the right to serve, whatever fence they name", async () => {
    its = await commandBed({ allows: ({ action }) => action !== "serve" })
    const { bed } = its
    const raw = bed.raw({ plain: true })
    await bed.clock.until(() => raw.of("welcome").length > 0)
    raw.send({
      type: "publish",
      id: 1,
      channel: "device/7",
      name: "$command",
      data: { action: "call", command: "c", name: "setValve", input: { open: true } },
    })
    await bed.clock.until(() => raw.of("command").length > 0)
    raw.send({
      type: "publish",
      id: 2,
      channel: "device/7",
      name: "$command",
      data: { action: "report", command: "c", fence: 1, state: "done" },
    })
    await bed.clock.until(() => raw.reply(2) !== undefined)
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "FORBIDDEN" })
  })

  it("[F34] [G10] a device whose fresh token no longer lets it serve is told so, and is given nothing any more", async () => {
    let mayServe = true
    its = await commandBed({ withTokens: true, allows: ({ action }) => action !== "serve" || mayServe })
    const { bed, done } = its
    const raw = bed.raw()
    const step = (id: number, data: object) => raw.send({ type: "publish", id, channel: "device/7", name: "$command", data })
    raw.send({ type: "hello", version: 1, token: "valve" })
    await bed.clock.until(() => raw.of("welcome").length > 0)
    step(1, { action: "serve" })
    await bed.clock.until(() => raw.reply(1) !== undefined)
    expect(bed.server.channel("device/7").isServed).toBe(true)
    mayServe = false
    raw.send({ type: "token", id: 2, token: "valve" })
    await bed.clock.until(() => raw.of("unserved").length > 0)
    expect(raw.of("unserved")).toMatchObject([{ channel: "device/7", code: "FORBIDDEN" }])
    await bed.clock.until(() => !bed.server.channel("device/7").isServed)
    const ended = await done(bed.server.channel("device/7").outcome("setValve", { open: true }, { deadlineMs: 1_000 }))
    expect([ended.state, raw.of("command")]).toEqual(["expired", []])
  })

  it("a device that has moved to a newer link is still there when the server gives up its old one", async () => {
    its = await commandBed()
    const { bed } = its
    const links = [bed.raw({ plain: true }), bed.raw({ plain: true })]
    for (const [index, link] of links.entries()) {
      await bed.clock.until(() => link.of("welcome").length > 0)
      link.send({
        type: "publish",
        id: 1,
        channel: "device/7",
        name: "$command",
        data: { action: "serve", ...(index > 0 && { fence: 1 }) },
      })
      await bed.clock.until(() => link.reply(1) !== undefined)
    }
    links[0]?.close()
    await bed.clock.advance(1_000)
    expect(bed.server.channel("device/7").isServed).toBe(true)
    links[1]?.close()
    await bed.clock.until(() => !bed.server.channel("device/7").isServed)
  })

  it("a device that comes back over a new link is there, whichever of its older ones ends while the log takes that", async () => {
    its = await commandBed({ storage: (env) => memoryStorage({ env, commitDelayMs: 200 }) })
    const { bed } = its
    const links = [bed.raw({ plain: true }), bed.raw({ plain: true }), bed.raw({ plain: true })] as const
    const serve = (link: RawConnection, fence?: number) =>
      link.send({ type: "publish", id: 1, channel: "device/7", name: "$command", data: { action: "serve", fence } })
    await bed.clock.until(() => links.every((link) => link.of("welcome").length > 0))
    serve(links[0])
    await bed.clock.until(() => links[0].reply(1) !== undefined)
    serve(links[1], 1)
    await bed.clock.advance(50)
    serve(links[2], 1)
    await bed.clock.advance(50)
    // The log has taken neither.
    for (const link of links.slice(0, 2)) link.close()
    await bed.clock.until(() => links[2].reply(1) !== undefined)
    await bed.clock.advance(2_000)
    expect([links[1].reply(1), bed.server.channel("device/7").isServed]).toEqual([undefined, true])
    links[2].close()
    await bed.clock.until(() => !bed.server.channel("device/7").isServed)
  })

  it("[G10] [F116] nobody hears of another user's command, nor ends it without the right to", async () => {
    its = await commandBed({ withTokens: true, allows: ({ action, user }) => action !== "cancel-any" || user?.id === "operator" })
    const { bed, done } = its
    const [ada, mallory, operator] = ["ada", "mallory", "operator"].map((token) =>
      commands(bed.connect({ token: () => token }).channel("device/7")),
    )
    const call = ada?.outcome("setValve", { open: true }, { id: "c" })
    await bed.clock.until(() => bed.server.channel("device/7").get("c") !== undefined)
    await expect(done(Promise.resolve(mallory?.call("setValve", { open: true }, { id: "c" })))).rejects.toMatchObject({ code: "CONFLICT" })
    await expect(done(Promise.resolve(mallory?.cancel("c")))).rejects.toMatchObject({ code: "FORBIDDEN" })
    await done(Promise.resolve(operator?.cancel("c")))
    expect(await done(Promise.resolve(call))).toMatchObject({ state: "cancelled" })
  })

  it("[G11] what is no step, no input and no output of the contract is refused by name", async () => {
    its = await commandBed()
    const { bed } = its
    const raw = bed.raw({ plain: true })
    await bed.clock.until(() => raw.of("welcome").length > 0)
    const call = { action: "call", command: "c", name: "setValve", input: { open: true } }
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ ...call, action: "explode" }, "data.action"],
      [{ ...call, command: "" }, "data.command"],
      [{ ...call, command: undefined }, "data.command"],
      [{ ...call, input: undefined }, "data.input"],
      [{ ...call, name: "other" }, "data.name"],
      [{ ...call, deadlineMs: 1e12 }, "data.deadlineMs"],
      [{ action: "report", command: "c", state: "done" }, "data.fence"],
      [{ action: "leave" }, "data.fence"],
    ]
    for (const [index, [data]] of wrong.entries()) raw.send({ type: "publish", id: index, channel: "device/7", name: "$command", data })
    await bed.clock.until(() => raw.of("error").length === wrong.length)
    const fields = wrong.map((_, index) => Object(raw.reply(index)?.details).field)
    expect(fields).toEqual(wrong.map(([, field]) => field))
  })

  it("[G11] calls that wait are bounded for each channel and each connection", async () => {
    its = await commandBed({ limits: { openCommands: 2, callsPerConnection: 3 } })
    const { bed, done } = its
    const phone = valve(bed)
    for (const id of ["a", "b"]) phone.call("setValve", { open: true }, { id }).catch(() => {})
    await bed.clock.until(() => bed.server.channel("device/7").open().length === 2)
    await expect(done(phone.call("setValve", { open: true }))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" })
    const client = bed.connect()
    const many = ["1", "2", "3", "4"].map((id) => commands(client.channel(`device/${id}`)).call("setValve", { open: true }))
    many.slice(0, 3).forEach((call) => void call.catch(() => {}))
    await expect(done(Promise.resolve(many[3]))).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "callsPerConnection" },
    })
  })

  it("is refused at once where nobody is there and the contract wants that", async () => {
    its = await commandBed()
    const { bed, done } = its
    const pager = bed.connect({ address: "10.0.0.1" }).channel("pager/1")
    await expect(done(commands(pager).call("ring", 1))).rejects.toMatchObject({ code: "UNAVAILABLE", details: { isServed: false } })
    const client = bed.connect({ address: "10.0.0.9" })
    const work = gate()
    serveCommands(client.channel("pager/1"), { store: memoryCommands(), handlers: { ring: (times) => work.passed.then(() => times) } })
    await bed.clock.until(() => bed.server.channel("pager/1").isServed)
    const rung = commands(pager).call("ring", 2)
    work.open()
    expect(await done(rung)).toBe(2)
    // It is gone without a word: the server has not noticed yet.
    bed.network.blackHole(true, "10.0.0.9")
    expect(await done(commands(pager).outcome("ring", 3))).toMatchObject({ state: "expired" })
    await bed.clock.until(() => !bed.server.channel("pager/1").isServed)
    await expect(done(commands(pager).call("ring", 4))).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })

  it("a device that comes back over a new link is there, however late its old one is given up", async () => {
    its = await commandBed()
    const { bed } = its
    const device = serveCommands(bed.connect({ address: "10.0.0.9" }).channel("pager/1"), {
      store: memoryCommands(),
      handlers: { ring: (times) => times },
    })
    await bed.clock.until(() => device.state.state === "serving")
    bed.network.strand("10.0.0.9")
    await bed.clock.until(() => device.state.state === "connecting")
    await bed.clock.until(() => device.state.state === "serving")
    // Long enough for the server to notice that nobody answers on the old one.
    await bed.clock.advance(120_000)
    expect(bed.server.channel("pager/1").isServed).toBe(true)
    await device.close()
    await bed.clock.until(() => !bed.server.channel("pager/1").isServed)
  })
})

describe("a command that the server runs itself", () => {
  it("tells its progress and its output, and fails with its own codes", async () => {
    const { commandFailure } = await import("@magpie/protocol")
    its = await commandBed({
      async add(numbers, { progress, from, params }) {
        if (numbers.length === 0) throw commandFailure("empty", null)
        await progress(numbers.length)
        return from === undefined && params.name === "sum" ? numbers.reduce((sum, each) => sum + each, 0) : -1
      },
    })
    const { bed, done } = its
    const tools = commands(bed.connect().channel("tools/sum"))
    const told: unknown[] = []
    const states: string[] = []
    const options = { id: "x", onProgress: (progress: number) => told.push(progress), onState: (state: string) => states.push(state) }
    expect(await done(tools.call("add", [1, 2, 3], options))).toBe(6)
    expect([told, states]).toEqual([[3], ["started", "progress", "done"]])
    expect(await done(tools.outcome("add", []))).toMatchObject({ state: "failed", error: { code: "empty", data: null } })
    expect(await done(bed.server.channel("tools/sum").call("add", [4, 5]))).toBe(9)
    await expect(done(bed.server.channel("tools/sum").call("add", []))).rejects.toMatchObject({ code: "FAILED" })
  })

  it("[G9] runs once, however often it is called under one id", async () => {
    let runs = 0
    const work = gate()
    its = await commandBed({
      async add() {
        runs++
        await work.passed
        return runs
      },
    })
    const { bed, done } = its
    const call = (address: string) => commands(bed.connect({ address }).channel("tools/sum")).call("add", [], { id: "same" })
    const calls = [call("10.0.0.1"), call("10.0.0.2"), bed.server.channel("tools/sum").call("add", [], { id: "same" })]
    await bed.clock.until(() => runs === 1)
    work.open()
    expect(await done(Promise.all(calls))).toEqual([1, 1, 1])
  })

  it("[G9] is asked to end by who called it, at its deadline, and when the server closes", async () => {
    const reasons: unknown[] = []
    its = await commandBed({
      wait: ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            reasons.push(Object(signal.reason).code)
            reject(signal.reason)
          }),
        ),
    })
    const { bed, done } = its
    const tools = commands(bed.connect().channel("tools/a"))
    const stop = new AbortController()
    const cancelled = tools.outcome("wait", null, { signal: stop.signal })
    await bed.clock.until(() => bed.server.channel("tools/a").open().length === 1)
    stop.abort()
    expect(await done(cancelled)).toMatchObject({ state: "cancelled" })
    expect(await done(tools.outcome("wait", null, { deadlineMs: 500 }))).toMatchObject({ state: "failed", error: { code: "EXPIRED" } })
    const closed = tools.outcome("wait", null)
    closed.catch(() => {})
    await bed.clock.until(() => bed.server.channel("tools/a").open().length === 1)
    await done(bed.server.close({ spreadMs: 0 }))
    expect(reasons).toEqual(["ABORTED", "EXPIRED", "CLOSED"])
  })

  it("no device may serve what the server does", async () => {
    its = await commandBed()
    const { bed } = its
    const device = serveCommands(bed.connect().channel("tools/a"), {
      store: memoryCommands(),
      handlers: { add: () => 1, wait: () => "x" },
    })
    await bed.clock.until(() => device.state.state === "ended")
    expect(device.state).toMatchObject({ error: { code: "BAD_REQUEST" } })
  })
})
