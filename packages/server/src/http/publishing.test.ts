import { afterEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, app, ask, say, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

describe("publishing by HTTP", () => {
  it("[G1] answers with the position when the message is durable, and subscribers get it", async () => {
    bed = await startApi()
    const heard: string[] = []
    bed
      .connect()
      .channel("chat/a")
      .on("say", ({ offset, from, data }) => heard.push(`${offset} ${from} ${data.text}`))
    await bed.clock.settle()
    const first = await ask(bed, "POST", "/publish", { key: ALL, body: say("one") })
    expect(first).toMatchObject({
      status: 200,
      json: { channel: "chat/a", kind: "stream", position: { offset: 1 }, level: "memory", duplicate: false },
    })
    expect(first.headers).toMatchObject({ "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" })
    await ask(bed, "POST", "/publish", { key: ALL, body: say("two", { from: "ann" }) })
    expect(heard).toEqual(["1 undefined one", "2 ann two"])
  })

  it("passes a broadcast on, and takes no key for it", async () => {
    bed = await startApi()
    const heard: number[] = []
    bed
      .connect()
      .channel("cursor/a")
      .on("move", ({ data }) => heard.push(data.x))
    await bed.clock.settle()
    const move = { channel: "cursor/a", name: "move", data: { x: 7 } }
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: move })).toMatchObject({ status: 200, json: { kind: "broadcast" } })
    expect(heard).toEqual([7])
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: { ...move, key: "k" } })).toMatchObject({
      status: 400,
      json: { code: "BAD_REQUEST" },
    })
  })

  it("[G2] stores a message once for one key, in the header or the body, and answers with its first position", async () => {
    bed = await startApi()
    const headers = { "idempotency-key": "order-17" }
    const first = await ask(bed, "POST", "/publish", { key: ALL, headers, body: say("paid") })
    await ask(bed, "POST", "/publish", { key: ALL, body: say("between") })
    const again = await ask(bed, "POST", "/publish", { key: ALL, headers, body: say("paid") })
    const inBody = await ask(bed, "POST", "/publish", { key: ALL, body: say("paid", { key: "order-17" }) })
    expect(first.json).toMatchObject({ position: { offset: 1 }, duplicate: false })
    for (const { json } of [again, inBody]) expect(json).toMatchObject({ position: { offset: 1 }, duplicate: true })
    expect(await ask(bed, "POST", "/publish", { key: ALL, headers, body: say("other") })).toMatchObject({
      status: 409,
      json: { code: "CONFLICT" },
    })
    const both = { key: ALL, headers, body: say("paid", { key: "order-18" }) }
    expect(await ask(bed, "POST", "/publish", both)).toMatchObject({ status: 400 })
    expect(bed.server.channel("chat/a").position.offset).toBe(2)
  })

  it("[G2] keeps the keys of one caller apart from another's", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: say("x", { key: "k" }) })
    const other = await ask(bed, "POST", "/publish", { key: "chat-only-key-01", body: say("x", { key: "k" }) })
    expect(other.json).toMatchObject({ position: { offset: 2 }, duplicate: false })
  })

  it("[F44] names what is wrong with a body, and publishes nothing", async () => {
    bed = await startApi()
    const wrong: readonly (readonly [unknown, string])[] = [
      ["{", ""],
      ["[]", "body"],
      [{ channel: "chat/a", name: "say" }, "data"],
      [say("x", { text: "x" }), "text"],
      [{ channel: "chat/a", name: "say", data: { text: 7 } }, "data.text"],
      [{ channel: 7, name: "say", data: {} }, "channel"],
      [say("x", { from: "a\nb" }), "from"],
      [say("x", { key: "" }), "key"],
      ['{"channel":"chat/a","name":"say","name":"say","data":{"text":"x"}}', ""],
      [Buffer.from([0x22, 0xff, 0x22]), "body"],
    ]
    for (const [body, field] of wrong) {
      const { status, json } = await ask(bed, "POST", "/publish", { key: ALL, body })
      expect({ status, json }, String(body)).toMatchObject({ status: 400, json: { code: "BAD_REQUEST", retryable: false } })
      expect((json as { details: { field?: string } }).details.field ?? "", JSON.stringify(body)).toBe(field)
    }
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: { channel: "nowhere", name: "say", data: 1 } })).toMatchObject({
      status: 404,
      json: { code: "UNKNOWN_CHANNEL" },
    })
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })

  it("[F45] takes keys that name a prototype as plain data", async () => {
    bed = await startApi()
    const polluting = '{"__proto__":{"polluted":1},"channel":"chat/a","name":"say","data":{"text":"x"}}'
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: polluting })).toMatchObject({
      status: 400,
      json: { details: { field: "__proto__" } },
    })
    const named = { channel: "chat/a", name: "constructor", data: { text: "x" } }
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: named })).toMatchObject({
      status: 400,
      json: { details: { field: "name" } },
    })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it("[F46] refuses depth, keys and sizes before it looks at what they hold", async () => {
    bed = await startApi({ limits: { messageBytes: 65_536 } })
    const deep = `{"channel":"chat/a","name":"say","data":${"[".repeat(100)}${"]".repeat(100)}}`
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: deep })).toMatchObject({
      status: 400,
      json: { details: { limit: "jsonDepth" } },
    })
    const many = `{"data":{${Array.from({ length: 10_001 }, (_, index) => `"k${index}":1`).join(",")}}}`
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: many })).toMatchObject({
      status: 400,
      json: { details: { limit: "jsonKeys" } },
    })
    const large = say("字".repeat(30_000))
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: large })).toMatchObject({
      status: 413,
      json: { details: { limit: "messageBytes" } },
    })
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: "x".repeat(1_100_000) })).toMatchObject({
      status: 413,
      json: { code: "TOO_LARGE" },
    })
  })
})

describe("a batch by HTTP", () => {
  it("[G3] publishes in the order given, across channels", async () => {
    bed = await startApi()
    const messages = [
      say("one"),
      { channel: "users/42", name: "note", data: { text: "n" } },
      say("two"),
      { channel: "cursor/a", name: "move", data: { x: 1 } },
    ]
    const { status, json } = await ask(bed, "POST", "/publish/batch", { key: ALL, body: { messages } })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      results: [
        { channel: "chat/a", position: { offset: 1 } },
        { channel: "users/42", position: { offset: 1 } },
        { channel: "chat/a", position: { offset: 2 } },
        { channel: "cursor/a", kind: "broadcast" },
      ],
    })
    expect(bed.server.channel("chat/a").history({ last: 5 })).toMatchObject([{ data: { text: "one" } }, { data: { text: "two" } }])
  })

  it("publishes all or, where one is malformed or forbidden, none", async () => {
    bed = await startApi()
    const malformed = { messages: [say("one"), say("two", { data: { text: 2 } })] }
    expect(await ask(bed, "POST", "/publish/batch", { key: ALL, body: malformed })).toMatchObject({
      status: 400,
      json: { details: { index: 1, field: "data.text" } },
    })
    const forbidden = { messages: [say("one"), { channel: "users/42", name: "note", data: { text: "n" } }] }
    expect(await ask(bed, "POST", "/publish/batch", { key: "chat-only-key-01", body: forbidden })).toMatchObject({
      status: 403,
      json: { code: "FORBIDDEN", details: { index: 1 } },
    })
    expect(await ask(bed, "POST", "/publish/batch", { key: ALL, body: { messages: [] } })).toMatchObject({ status: 400 })
    expect(
      await ask(bed, "POST", "/publish/batch", { key: ALL, body: { messages: Array.from({ length: 501 }, () => say("x")) } }),
    ).toMatchObject({ status: 400 })
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })

  it("[G2] that is sent again with its key stores nothing twice, and tells what failed beside what did not", async () => {
    bed = await startApi()
    const body = { messages: [say("one"), say("two"), say("two")] }
    const headers = { "idempotency-key": "batch-1" }
    await ask(bed, "POST", "/publish/batch", { key: ALL, headers, body })
    const again = await ask(bed, "POST", "/publish/batch", { key: ALL, headers, body })
    expect(again).toMatchObject({
      status: 200,
      json: { results: [1, 2, 3].map((offset) => ({ position: { offset }, duplicate: true })) },
    })
    const changed = { messages: [say("one"), say("else"), say("two"), say("four")] }
    expect(await ask(bed, "POST", "/publish/batch", { key: ALL, headers, body: changed })).toMatchObject({
      status: 207,
      json: {
        results: [{ duplicate: true }, { error: { code: "CONFLICT", retryable: false } }, { duplicate: true }, { position: { offset: 4 } }],
      },
    })
    expect(app.channels["chat/:room"].kind).toBe("stream")
    expect(bed.server.channel("chat/a").position.offset).toBe(4)
  })
})
