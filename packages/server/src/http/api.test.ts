import { afterEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, ask, say, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
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
