import { afterEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, ask, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

const CALLER = "lamp-caller-key1"
const set = (id: string, more: object = {}): object => ({ channel: "lamp/1", name: "set", input: { on: true }, id, ...more })
const post = (body: object, key = ALL, path = "/commands") => ask(bed, "POST", path, { key, body })

/** A device that says what the test has it say. */
async function lamp() {
  const raw = bed.raw()
  const step = (data: object): void => raw.send({ type: "publish", channel: "lamp/1", name: "$command", data })
  raw.send({ type: "hello", version: 1 })
  step({ action: "serve" })
  await bed.clock.until(() => bed.server.channel("lamp/1").isServed)
  await bed.clock.until(() => raw.of("published").length > 0)
  const { offset: fence } = raw.of("published").map(({ position }) => position as { readonly offset: number })[0] ?? {}
  return { report: (command: string, state: string, data?: unknown) => step({ action: "report", fence, command, state, data }) }
}

describe("commands by HTTP", () => {
  it("calls one on a device and tells how it stands, and then how it ended, under the same id", async () => {
    bed = await startApi()
    const device = await lamp()
    expect(await post(set("c1", { from: "ann" }))).toMatchObject({
      status: 202,
      json: { channel: "lamp/1", id: "c1", name: "set", state: "queued", from: "ann", input: { on: true }, isCancelled: false },
    })
    device.report("c1", "started")
    await bed.clock.settle()
    expect(await ask(bed, "GET", "/commands?channel=lamp/1", { key: ALL })).toMatchObject({
      status: 200,
      json: { channel: "lamp/1", served: true, commands: [{ id: "c1", state: "started" }] },
    })
    device.report("c1", "done", { on: true })
    await bed.clock.settle()
    expect(await post(set("c1", { from: "ann" }))).toMatchObject({ status: 200, json: { state: "done", output: { on: true } } })
    expect(await ask(bed, "GET", "/commands?channel=lamp/1&id=c1", { key: ALL })).toMatchObject({ json: { commands: [{ state: "done" }] } })
    expect(await ask(bed, "GET", "/history?channel=lamp/1", { key: ALL })).toMatchObject({
      json: { messages: [{}, { data: { state: "queued" } }, { data: { state: "started" } }, { data: { state: "done" } }] },
    })
  })

  it("waits for the end where it is asked to, and no longer than it is asked to", async () => {
    bed = await startApi()
    expect(await post(set("late", { waitMs: 300 }))).toMatchObject({ status: 202, json: { state: "queued" } })
    const device = await lamp()
    const waiting = post(set("soon", { waitMs: 20_000 }))
    await bed.clock.until(() => bed.server.channel("lamp/1").get("soon") !== undefined)
    device.report("soon", "started")
    device.report("soon", "done", { on: true })
    expect(await waiting).toMatchObject({ status: 200, json: { state: "done" } })
  })

  it("calls one that the server runs, with an id that it draws or that the header brings", async () => {
    bed = await startApi()
    const add = { channel: "tools/sum", name: "add", input: [1, 2, 3], waitMs: 1_000 }
    expect(await post(add)).toMatchObject({ status: 200, json: { id: expect.stringMatching(/^[0-9a-f]{32}$/), state: "done", output: 6 } })
    const told = await ask(bed, "POST", "/commands", { key: ALL, body: add, headers: { "idempotency-key": "sum-1" } })
    expect(told).toMatchObject({ json: { id: "sum-1" } })
  })

  it("[G9] runs what is called twice under one id once, and refuses another command under it", async () => {
    let runs = 0
    const open = { authorize: () => true }
    const handle = { add: () => ++runs }
    bed = await startApi({
      rules: { "chat/:room": open, "users/:id": open, "cursor/:room": open, "lamp/:id": open, "tools/:name": { ...open, handle } },
    })
    const add = { channel: "tools/sum", name: "add", id: "once", waitMs: 1_000 }
    for (let times = 0; times < 2; times++) expect(await post({ ...add, input: [7] })).toMatchObject({ status: 200, json: { output: 1 } })
    expect(await post({ ...add, input: [8] })).toMatchObject({ status: 409, json: { code: "CONFLICT" } })
    expect(runs).toBe(1)
  })

  it("cancels whoever's command", async () => {
    bed = await startApi()
    await post(set("c1", { from: "ann" }), CALLER)
    const cancel = { channel: "lamp/1", id: "c1" }
    expect(await post(cancel, CALLER, "/commands/cancel")).toMatchObject({ status: 403 })
    expect(await post(cancel, ALL, "/commands/cancel")).toMatchObject({ status: 200, json: { state: "cancelled" } })
    expect(await post({ ...cancel, id: "none" }, ALL, "/commands/cancel")).toMatchObject({ status: 410, json: { code: "UNRECOVERABLE" } })
  })

  it("[G10] [F38] asks the rights of the key: to call, on that channel, in that user's name, and to read", async () => {
    bed = await startApi()
    expect(await post(set("c1", { from: "ann" }), CALLER)).toMatchObject({ status: 202 })
    expect(await post(set("c2", { from: "bob" }), CALLER)).toMatchObject({ status: 403, json: { details: { user: "bob" } } })
    expect(await post({ ...set("c3"), channel: "tools/sum", name: "add", input: [] }, CALLER)).toMatchObject({ status: 403 })
    expect(await post(set("c4"), "chat-only-key-01")).toMatchObject({ status: 403, json: { details: { action: "call" } } })
    for (const path of ["/commands?channel=lamp/1", "/history?channel=lamp/1"])
      expect(await ask(bed, "GET", path, { key: CALLER })).toMatchObject({ status: 403, json: { details: { action: "history" } } })
    expect(
      bed.server
        .channel("lamp/1")
        .open()
        .map(({ id }) => id),
    ).toEqual(["c1"])
  })

  it.each([
    ["a command that there is not", set("c1", { name: "burn" }), 400, "BAD_REQUEST"],
    ["an input that the schema refuses", set("c1", { input: { on: 7 } }), 400, "BAD_REQUEST"],
    ["a channel without commands", set("c1", { channel: "chat/a" }), 400, "BAD_REQUEST"],
    ["a channel that there is not", set("c1", { channel: "nowhere" }), 404, "UNKNOWN_CHANNEL"],
    ["a deadline beyond the contract's", set("c1", { deadlineMs: 10 ** 12 }), 400, "BAD_REQUEST"],
    ["a wait beyond apiWaitMs", set("c1", { waitMs: 25_001 }), 400, "BAD_REQUEST"],
    ["an empty id", set(""), 400, "BAD_REQUEST"],
  ])("[G11] refuses %s", async (_what, body, status, code) => {
    bed = await startApi()
    expect(await post(body)).toMatchObject({ status, json: { code } })
  })

  it("[G12] answers as it stands when the server closes while somebody waits", async () => {
    bed = await startApi()
    const waiting = post(set("c1", { waitMs: 25_000 }))
    await bed.clock.until(() => bed.server.channel("lamp/1").open().length === 1)
    const closing = bed.server.close({ spreadMs: 0 })
    expect((await waiting).status).toBe(503)
    await bed.clock.done(closing)
  })
})
