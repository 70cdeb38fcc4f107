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

describe("history by HTTP", () => {
  it("reads page by page in both directions, and names the epoch that the offsets belong to", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish/batch", { key: ALL, body: { messages: Array.from({ length: 7 }, (_, index) => say(`${index + 1}`)) } })
    type Page = { messages: { offset: number; data: { text: string } }[]; more: boolean; position: { epoch: string; offset: number } }
    const page = async (query: string) => (await ask(bed, "GET", `/history?channel=chat%2Fa&${query}`, { key: ALL })).json as Page
    const offsets = ({ messages }: Page) => messages.map(({ offset }) => offset)
    const newest = await page("limit=3")
    expect(offsets(newest)).toEqual([5, 6, 7])
    expect(newest).toMatchObject({ more: true, position: { offset: 7 }, messages: [{ data: { text: "5" } }, {}, {}] })
    expect(offsets(await page("limit=3&before=5"))).toEqual([2, 3, 4])
    expect(await page("limit=3&before=2")).toMatchObject({ more: false })
    expect(offsets(await page("limit=5&after=4"))).toEqual([5, 6, 7])
    expect(offsets(await page(`limit=5&after=4&epoch=${newest.position.epoch}`))).toEqual([5, 6, 7])
    const lost = await ask(bed, "GET", "/history?channel=chat/a&after=4&epoch=other", { key: ALL })
    expect(lost).toMatchObject({ status: 410, json: { code: "UNRECOVERABLE", details: { reason: "epoch", position: newest.position } } })
  })

  it("refuses what no page answers to", async () => {
    bed = await startApi()
    for (const query of [
      "",
      "?channel=chat/a&limit=501",
      "?channel=chat/a&limit=-1",
      "?channel=chat/a&limit=1e3",
      "?channel=chat/a&before=1&after=1",
      "?channel=chat/a&page=2",
      "?channel=chat/a&channel=chat/b",
      "?channel=%ff",
      "?channel=cursor/a",
    ]) {
      expect(await ask(bed, "GET", `/history${query}`, { key: ALL }), query).toMatchObject({ status: 400, json: { code: "BAD_REQUEST" } })
    }
  })
})

describe("presence by HTTP", () => {
  it("lists who is present, page by page, and says so where a channel has no presence", async () => {
    bed = await startApi()
    for (const [index, key] of ["people-key-ann-1", "people-key-bob-1", undefined].entries()) {
      const raw = bed.raw()
      raw.send({ type: "hello", version: 1, ...(key === undefined ? undefined : { key }) })
      raw.send({ type: "enter", id: 1, channel: "chat/a", state: { name: `guest ${index}` } })
      await bed.clock.settle()
    }
    const first = await ask(bed, "GET", "/presence?channel=chat/a&limit=2", { key: ALL })
    expect(first).toMatchObject({
      status: 200,
      json: {
        counts: { members: 3 },
        members: [
          { user: "ann", state: { name: "guest 0" } },
          { user: "bob", state: { name: "guest 1" } },
        ],
        missing: [],
      },
    })
    const { cursor } = first.json as { cursor: string }
    const second = await ask(bed, "GET", `/presence?channel=chat/a&limit=2&cursor=${encodeURIComponent(cursor)}`, { key: ALL })
    expect(second.json).toMatchObject({ members: [{ state: { name: "guest 2" } }] })
    expect(second.json).not.toHaveProperty("cursor")
    expect(await ask(bed, "GET", "/presence?channel=chat/b", { key: ALL })).toMatchObject({ json: { counts: { members: 0 }, members: [] } })
    expect(await ask(bed, "GET", "/presence?channel=users/42", { key: ALL })).toMatchObject({ status: 400 })
    expect(await ask(bed, "GET", "/presence?channel=chat/a", { key: "chat-only-key-01" })).toMatchObject({ status: 403 })
  })
})

describe("connections by HTTP", () => {
  it("lists everybody once, page by page, and those of one user", async () => {
    bed = await startApi()
    for (let index = 0; index < 7; index++)
      bed.connect({ key: index < 2 ? "people-key-ann-1" : "people-key-bob-1", address: `198.51.100.${index}` })
    await bed.clock.settle()
    type Listed = { connections: { id: string; user: string; address: string; channels: string[] }[]; cursor?: string }
    const list = async (query: string) => (await ask(bed, "GET", `/connections?${query}`, { key: ALL })).json as Listed
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page: Listed = await list(`limit=3${cursor === undefined ? "" : `&cursor=${cursor}`}`)
      ids.push(...page.connections.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(ids).toHaveLength(7)
    expect(new Set(ids).size).toBe(7)
    expect(ids).toEqual([...ids].sort())
    expect((await list("user=ann")).connections.map(({ address }) => address).sort()).toEqual(["198.51.100.0", "198.51.100.1"])
    expect((await list("user=nobody")).connections).toEqual([])
  })

  it("closes one connection or all of a user, for good or until they come back", async () => {
    bed = await startApi()
    const ann = bed.connect({ key: "people-key-ann-1" })
    const annToo = bed.connect({ key: "people-key-ann-1" })
    const bob = bed.connect({ key: "people-key-bob-1" })
    await bed.clock.settle()
    const [first] = bed.server.connections.ofUser("ann")
    expect(await ask(bed, "POST", "/disconnect", { key: ALL, body: { connection: first?.id } })).toMatchObject({
      json: { disconnected: 1 },
    })
    await bed.clock.advance(10_000)
    expect([ann, annToo, bob].map(({ status }) => status.state)).toEqual(["online", "online", "online"])
    const all = { key: ALL, body: { user: "ann", comeBack: false } }
    expect(await ask(bed, "POST", "/disconnect", all)).toMatchObject({ json: { disconnected: 2 } })
    await bed.clock.advance(10_000)
    expect([ann, annToo, bob].map(({ status }) => status.state)).toEqual(["closed", "closed", "online"])
    expect(await ask(bed, "POST", "/disconnect", { key: ALL, body: { connection: first?.id } })).toMatchObject({
      json: { disconnected: 0 },
    })
    expect(await ask(bed, "POST", "/disconnect", { key: ALL, body: {} })).toMatchObject({ status: 400 })
  })

  it("[F35] revokes a user: out at once, and not let in again until the time is over", async () => {
    bed = await startApi()
    const ann = bed.connect({ key: "people-key-ann-1" })
    await bed.clock.settle()
    const { status, json } = await ask(bed, "POST", "/revoke", { key: ALL, body: { user: "ann", forMs: 60_000 } })
    expect({ status, json }).toEqual({ status: 200, json: { until: bed.clock.now() + 60_000 } })
    await bed.clock.settle()
    expect(ann.status.state).toBe("closed")
    const again = bed.connect({ key: "people-key-ann-1" })
    await bed.clock.settle()
    expect(again.status).toMatchObject({ state: "closed", cause: { code: "UNAUTHORIZED" } })
    await bed.clock.advance(62_000)
    const later = bed.connect({ key: "people-key-ann-1" })
    await bed.clock.settle()
    expect(later.status.state).toBe("online")
  })

  it("[F35] revokes a key or whatever carries a claim, and refuses what names neither", async () => {
    bed = await startApi({
      auth: {
        authenticate: ({ key }) =>
          key === ALL
            ? { user: { id: "backend", api: { may: "everything", channels: "any", users: "any" } } }
            : { user: { id: key ?? "" }, token: `token-of-${key}`, claims: { org: key === "eve" ? "other" : "acme" } },
      },
    })
    const [ann, bob, eve] = ["ann", "bob", "eve"].map((key) => bed.connect({ key }))
    await bed.clock.settle()
    const states = () => [ann, bob, eve].map((client) => client?.status.state)
    const revoke = async (body: object) => (await ask(bed, "POST", "/revoke", { key: ALL, body })).status
    expect(await revoke({ token: "token-of-ann" })).toBe(200)
    await bed.clock.settle()
    expect(states()).toEqual(["closed", "online", "online"])
    expect(await revoke({ claim: { org: "acme" } })).toBe(200)
    await bed.clock.settle()
    expect(states()).toEqual(["closed", "closed", "online"])
    for (const body of [{}, { user: "eve", token: "x" }, { claim: { a: 1, b: 2 } }, { claim: "org" }, { user: "eve", forMs: 0 }]) {
      expect(await revoke(body), JSON.stringify(body)).toBe(400)
    }
    expect(states()).toEqual(["closed", "closed", "online"])
  })

  it("[F35] refuses the API too to a caller who is revoked", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/revoke", { key: ALL, body: { user: "chat" } })
    expect(await ask(bed, "POST", "/publish", { key: "chat-only-key-01", body: say("x") })).toMatchObject({ status: 401 })
  })
})
