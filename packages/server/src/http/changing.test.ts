import { afterEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, ask, say, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

const change = (offset: number, fields: object): object => ({ channel: "chat/a", offset, ...fields })
const edit = (offset: number, text: string, more: object = {}): object => change(offset, { action: "edit", data: { text }, ...more })

describe("changing messages by HTTP", () => {
  it("edits, appends, deletes and reacts, and history has the message as it is now", async () => {
    bed = await startApi()
    for (const text of ["one", "two"]) await ask(bed, "POST", "/publish", { key: ALL, body: say(text, { from: "ann" }) })
    const edited = await ask(bed, "POST", "/change", { key: ALL, body: edit(1, "uno") })
    expect(edited).toMatchObject({ status: 200, json: { channel: "chat/a", kind: "stream", position: { offset: 3 }, duplicate: false } })
    await ask(bed, "POST", "/change", { key: ALL, body: change(1, { action: "append", data: "!" }) })
    await ask(bed, "POST", "/change", { key: ALL, body: change(1, { action: "react", reaction: "+1", from: "ann" }) })
    await ask(bed, "POST", "/change", { key: ALL, body: change(2, { action: "delete" }) })
    expect(await ask(bed, "GET", "/history?channel=chat/a", { key: ALL })).toMatchObject({
      json: {
        messages: [
          { from: "ann", data: { text: "uno!" }, changed: { version: 5, reactions: [{ name: "+1", count: 1, users: ["ann"] }] } },
          { name: "$deleted", data: { name: "say" }, changed: { version: 6 } },
        ],
      },
    })
  })

  it("reads what a message said before, with a right of its own", async () => {
    bed = await startApi()
    for (const text of ["one", "uno", "eins"]) {
      const [path, body] = text === "one" ? ["/publish", say(text)] : ["/change", edit(1, text, { from: "ann" })]
      await ask(bed, "POST", path, { key: ALL, body })
    }
    const path = "/versions?channel=chat/a&offset=1"
    expect(await ask(bed, "GET", path, { key: ALL })).toMatchObject({
      status: 200,
      json: {
        offset: 1,
        versions: [
          { version: 1, data: { text: "one" } },
          { version: 2, by: "ann", data: { text: "uno" } },
        ],
      },
    })
    expect(await ask(bed, "GET", "/versions?channel=chat/a&offset=9", { key: ALL })).toMatchObject({ json: { versions: [] } })
    expect(await ask(bed, "GET", path, { key: "chat-only-key-01" })).toMatchObject({ status: 403, json: { code: "FORBIDDEN" } })
    expect(await ask(bed, "GET", "/versions?channel=cursor/a&offset=1", { key: ALL })).toMatchObject({ status: 400 })
  })

  it("reads up to where users have read, page by page", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: say("one") })
    for (const user of ["ann", "bob"]) {
      const raw = bed.raw()
      raw.send(
        { type: "hello", version: 1, key: `people-key-${user}-1` },
        { type: "publish", channel: "chat/a", name: "$read", data: { upTo: 1 } },
      )
      await bed.clock.settle()
    }
    const first = await ask(bed, "GET", "/receipts?channel=chat/a&limit=1", { key: ALL })
    expect(first).toMatchObject({ status: 200, json: { receipts: [{ user: "ann", upTo: 1 }], next: "ann" } })
    const second = await ask(bed, "GET", "/receipts?channel=chat/a&after=ann", { key: ALL })
    expect(second.json).toEqual({ type: "receipts", channel: "chat/a", receipts: [{ user: "bob", upTo: 1, at: expect.any(Number) }] })
    expect(await ask(bed, "GET", "/receipts?channel=chat/a", { key: "no-rights-key-01" })).toMatchObject({ status: 403 })
  })

  it("[G2] changes once under one key, and says so", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: say("a") })
    const body = change(1, { action: "append", data: "b", key: "k1" })
    for (const duplicate of [false, true])
      expect(await ask(bed, "POST", "/change", { key: ALL, body })).toMatchObject({
        status: 200,
        json: { position: { offset: 2 }, duplicate },
      })
    expect(bed.server.channel("chat/a").history({ last: 1 })).toMatchObject([{ data: { text: "ab" } }])
  })

  it.each([
    ["an action that there is not", change(1, { action: "burn" }), 400, "BAD_REQUEST"],
    ["data that the schema refuses", change(1, { action: "edit", data: { text: 7 } }), 400, "BAD_REQUEST"],
    ["a reaction of nobody", change(1, { action: "react", reaction: "+1" }), 400, "BAD_REQUEST"],
    ["a message that is not there", edit(9, "x"), 410, "UNRECOVERABLE"],
    ["a message with another mark", edit(1, "x", { mark: "0000000" }), 410, "UNRECOVERABLE"],
    ["a broadcast", { ...edit(1, "x"), channel: "cursor/a" }, 400, "BAD_REQUEST"],
  ])("[G11] refuses %s", async (_what, body, status, code) => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: say("a") })
    expect(await ask(bed, "POST", "/change", { key: ALL, body })).toMatchObject({ status, json: { code } })
  })

  it("[G10] needs a right of its own: one who may publish may not change what others said", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: say("a") })
    expect(await ask(bed, "POST", "/change", { key: "chat-only-key-01", body: edit(1, "x") })).toMatchObject({ status: 403 })
    expect(bed.server.channel("chat/a").history({ last: 1 })).toMatchObject([{ data: { text: "a" } }])
  })
})
