import { afterEach, describe, expect, it } from "vitest"
import { apiKeys } from "../node/api-keys.ts"
import { ALL, type ApiBed, ask, PREFIX, say, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(() => bed.close())

const CHAT = "chat-only-key-01"
const ONE = "one-channel-key1"
const OPERATOR = "operator-key-001"

describe("who may use the API", () => {
  it("lets a key in by either header, and nobody without one", async () => {
    bed = await startApi()
    const publish = (headers: Readonly<Record<string, string | readonly string[]>>) =>
      ask(bed, "POST", "/publish", { headers, body: say("x") })
    expect((await publish({ "x-api-key": ALL })).status).toBe(200)
    expect((await publish({ authorization: `Bearer ${ALL}` })).status).toBe(200)
    expect((await publish({ authorization: `bearer ${ALL}` })).status).toBe(200)
    for (const headers of [
      {},
      { "x-api-key": "unknown-key-0001" },
      { "x-api-key": "" },
      { "x-api-key": [ALL, ALL] },
      { authorization: ALL },
      { authorization: `Basic ${ALL}` },
      { cookie: `key=${ALL}; session=${ALL}` },
      { "x-api-key": "k".repeat(100_000) },
    ]) {
      const { status, headers: told, json } = await publish(headers)
      expect({ status, json }).toMatchObject({
        status: 401,
        json: { code: "UNAUTHORIZED", message: "no valid credentials", retryable: false },
      })
      expect(told["WWW-Authenticate"]).toBe('Bearer realm="magpie"')
    }
    expect(await ask(bed, "POST", `/publish?key=${ALL}`, { body: say("x") })).toMatchObject({ status: 401 })
    expect(bed.server.channel("chat/a").position.offset).toBe(3)
  })

  it("[G10] [F38] lets a key do what its rights name, on the channels that they name and no others", async () => {
    bed = await startApi()
    const publish = (key: string, channel: string, name = "note") =>
      ask(bed, "POST", "/publish", { key, body: { channel, name, data: { text: "x" } } })
    expect((await publish(CHAT, "chat/any", "say")).status).toBe(200)
    expect((await publish(ONE, "users/42")).status).toBe(200)
    for (const [key, channel] of [
      [CHAT, "users/42"],
      [ONE, "users/421"],
      [ONE, "users/4"],
      [ONE, "users/４２"],
      [OPERATOR, "users/42"],
      ["no-rights-key-01", "users/42"],
    ] as const) {
      expect(await publish(key, channel), `${key} ${channel}`).toMatchObject({ status: 403, json: { code: "FORBIDDEN" } })
    }
    for (const channel of [
      "users/:id",
      "users/*/x/y",
      "users/",
      "users/..",
      "users/4\u200b2",
      `users/${"x".repeat(1_000)}`,
      "x".repeat(10_240),
    ]) {
      const { status } = await publish(ONE, channel)
      expect([400, 404], channel.slice(0, 40)).toContain(status)
    }
    expect(await ask(bed, "GET", "/history?channel=users/421", { key: ONE })).toMatchObject({ status: 403 })
    expect(await ask(bed, "GET", "/connections?user=ann", { key: CHAT })).toMatchObject({
      status: 403,
      json: { details: { action: "connections" } },
    })
  })

  it("[G10] holds a key to its own bound as well: what it may do, for how long, how often", async () => {
    const api = { may: "everything", channels: "any", users: "any" } as const
    const user = { id: "backend", api }
    const bound = apiKeys({
      keys: [
        { key: "narrow-key-00001", user, can: { "chat/*": ["history"], "chat/a": ["publish"] } },
        { key: "over-key-0000001", user, expiresAt: 1 },
        { key: "slow-key-0000001", user: { id: "slow", api }, messagesPerSecond: 1 },
      ],
    })
    bed = await startApi({ auth: bound })
    const publish = (key: string, channel: string) =>
      ask(bed, "POST", "/publish", { key, body: { channel, name: "say", data: { text: "x" } } })
    expect((await publish("narrow-key-00001", "chat/a")).status).toBe(200)
    expect((await publish("narrow-key-00001", "chat/b")).status).toBe(403)
    expect((await ask(bed, "GET", "/history?channel=chat/b", { key: "narrow-key-00001" })).status).toBe(200)
    expect((await publish("over-key-0000001", "chat/a")).status).toBe(401)
    expect((await publish("slow-key-0000001", "chat/a")).status).toBe(200)
    expect((await publish("slow-key-0000001", "chat/a")).status).toBe(200)
    expect(await publish("slow-key-0000001", "chat/a")).toMatchObject({
      status: 429,
      json: { retryAfterMs: 1_000, details: { limit: "messagesPerSecond" } },
    })
  })

  it("grants nothing by rights that are not of their form", async () => {
    for (const api of [
      "everything",
      { may: 7, channels: "any" },
      { may: ["publish"], channels: { "chat/a": 1 } },
      { may: ["publish"], channels: ["chat/*x"] },
      null,
    ]) {
      bed = await startApi({ auth: { authenticate: () => ({ user: { id: "odd", api: api as never } }) } })
      expect((await ask(bed, "POST", "/publish", { key: ALL, body: say("x") })).status, JSON.stringify(api)).toBe(403)
      await bed.close()
    }
    bed = await startApi()
  })

  it("[F40] slows down whoever tries one wrong key after the other", async () => {
    bed = await startApi({ limits: { wrongCredentialsPerAddressPerSecond: 1 } })
    const guess = (key: string, address = "203.0.113.7") => ask(bed, "POST", "/publish", { key, address, body: say("x") })
    for (let index = 0; index < 10; index++) expect((await guess(`guessed-key-000${index}`)).status).toBe(401)
    expect(await guess("guessed-key-0012")).toMatchObject({
      status: 429,
      json: { details: { limit: "wrongCredentialsPerAddressPerSecond" } },
    })
    expect((await guess(ALL)).status).toBe(429)
    expect((await guess(ALL, "203.0.113.8")).status).toBe(200)
  })

  it("says the same of a channel with messages and one without to whoever may not read it", async () => {
    bed = await startApi()
    await ask(bed, "POST", "/publish", { key: ALL, body: { channel: "users/7", name: "note", data: { text: "x" } } })
    const [full, empty] = [
      await ask(bed, "GET", "/history?channel=users/7", { key: ONE }),
      await ask(bed, "GET", "/history?channel=users/8", { key: ONE }),
    ]
    expect(JSON.stringify(full.json).replaceAll("users/7", "users/8")).toBe(JSON.stringify(empty.json))
    expect(full.status).toBe(empty.status)
  })

  it("lets a key speak for, list, close and revoke only the users that it names", async () => {
    bed = await startApi()
    bed.connect({ key: "people-key-ann-1" })
    bed.connect({ key: "people-key-bob-1" })
    await bed.clock.settle()
    expect(await ask(bed, "POST", "/publish", { key: CHAT, body: say("x", { from: "ann" }) })).toMatchObject({ status: 200 })
    expect(await ask(bed, "POST", "/publish", { key: CHAT, body: say("x", { from: "bob" }) })).toMatchObject({ status: 403 })
    expect(await ask(bed, "GET", "/connections?user=ann", { key: OPERATOR })).toMatchObject({ json: { connections: [{ user: "ann" }] } })
    expect(await ask(bed, "GET", "/connections?user=bob", { key: OPERATOR })).toMatchObject({ status: 403 })
    expect(await ask(bed, "GET", "/connections", { key: OPERATOR })).toMatchObject({ status: 403 })
    const [bobs] = bed.server.connections.ofUser("bob")
    expect(await ask(bed, "POST", "/disconnect", { key: OPERATOR, body: { connection: bobs?.id } })).toMatchObject({
      json: { disconnected: 0 },
    })
    expect(await ask(bed, "POST", "/disconnect", { key: OPERATOR, body: { user: "bob" } })).toMatchObject({ status: 403 })
    expect(await ask(bed, "POST", "/revoke", { key: OPERATOR, body: { user: "bob" } })).toMatchObject({ status: 403 })
    expect(await ask(bed, "POST", "/revoke", { key: OPERATOR, body: { user: "ann" } })).toMatchObject({ status: 200 })
    expect(bed.server.connections.ofUser("bob")).toHaveLength(1)
  })
})

describe("pages in browsers", () => {
  const FOREIGN = "https://evil.example"
  const LISTED = "https://desk.example"

  it("[F41] are refused where they are not on the list, whatever they bring, and are told nothing that they could read", async () => {
    bed = await startApi({ api: { origins: [LISTED] } })
    const foreign = [
      { origin: FOREIGN, cookie: "session=1" },
      { origin: FOREIGN, "content-type": "text/plain" },
      { origin: "null" },
      { origin: `${LISTED}.evil.example` },
      { origin: [LISTED, FOREIGN] },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: FOREIGN, "sec-fetch-site": "same-origin" },
    ]
    for (const headers of foreign) {
      const { status, headers: told } = await ask(bed, "POST", "/publish", { key: ALL, headers, body: say("x") })
      expect(status, JSON.stringify(headers)).toBe(403)
      expect(Object.keys(told).filter((name) => name.startsWith("Access-Control"))).toEqual([])
      expect(await ask(bed, "GET", "/history?channel=chat/a", { key: ALL, headers }), JSON.stringify(headers)).toMatchObject({
        status: 403,
      })
      expect((await ask(bed, "OPTIONS", "/publish", { headers })).headers).not.toHaveProperty("Access-Control-Allow-Origin")
    }
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })

  it("[F41] of a listed origin may read the answers, without credentials that the browser would add", async () => {
    bed = await startApi({ api: { origins: [LISTED] } })
    const preflight = await ask(bed, "OPTIONS", "/publish", { headers: { origin: LISTED, "access-control-request-method": "POST" } })
    expect(preflight).toMatchObject({
      status: 204,
      headers: { "Access-Control-Allow-Origin": LISTED, "Access-Control-Allow-Methods": "POST, OPTIONS", Vary: "Origin" },
    })
    for (const key of [ALL, "unknown-key-0001"]) {
      const { headers } = await ask(bed, "POST", "/publish", {
        key,
        headers: { origin: LISTED, "sec-fetch-site": "cross-site" },
        body: say("x"),
      })
      expect(headers).toMatchObject({ "Access-Control-Allow-Origin": LISTED, Vary: "Origin" })
      expect(headers).not.toHaveProperty("Access-Control-Allow-Credentials")
    }
    expect((await ask(bed, "GET", "/health")).headers).toMatchObject({ Vary: "Origin" })
  })

  it("[F41] of the server's own host pass by default, and any origin is answered with a star where all may", async () => {
    bed = await startApi()
    const own = { origin: "https://chat.example", host: "chat.example", "sec-fetch-site": "same-origin" }
    expect(await ask(bed, "POST", "/publish", { key: ALL, headers: own, body: say("x") })).toMatchObject({ status: 200 })
    expect(
      await ask(bed, "POST", "/publish", { key: ALL, headers: { ...own, origin: "https://other.example" }, body: say("x") }),
    ).toMatchObject({ status: 403 })
    await bed.close()
    bed = await startApi({ api: { origins: "any" } })
    const { headers } = await ask(bed, "POST", "/publish", { key: ALL, headers: { origin: FOREIGN }, body: say("x") })
    expect(headers["Access-Control-Allow-Origin"]).toBe("*")
  })
})

describe("what HTTP asks for", () => {
  it("answers unknown paths, wrong methods and HEAD as HTTP says", async () => {
    bed = await startApi()
    expect(await ask(bed, "GET", "/nothing", { key: ALL })).toMatchObject({ status: 404, json: { code: "BAD_REQUEST" } })
    expect(await ask(bed, "GET", "", { key: ALL })).toMatchObject({ status: 404 })
    expect(await ask(bed, "GET", "/publish/", { key: ALL })).toMatchObject({ status: 404 })
    expect(await ask(bed, "GET", "/publish", { key: ALL })).toMatchObject({ status: 405, headers: { Allow: "POST, OPTIONS" } })
    expect(await ask(bed, "DELETE", "/history", { key: ALL })).toMatchObject({ status: 405, headers: { Allow: "GET, HEAD, OPTIONS" } })
    expect(await ask(bed, "HEAD", "/health")).toMatchObject({ status: 200 })
    expect(await ask(bed, "HEAD", "/history?channel=chat/a", { key: ALL })).toMatchObject({ status: 200 })
    expect(await ask(bed, "POST", "/publish", { key: ALL, headers: { "idempotency-key": ["a", "b"] }, body: say("x") })).toMatchObject({
      status: 400,
    })
    expect(await ask(bed, "POST", "/disconnect", { key: ALL, headers: { "idempotency-key": "a" }, body: { user: "ann" } })).toMatchObject({
      status: 400,
    })
  })

  it("[F41] takes JSON alone, as it is: nothing that a form could send", async () => {
    bed = await startApi()
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx"]) {
      expect(await ask(bed, "POST", "/publish", { key: ALL, headers: { "content-type": type }, body: say("x") }), type).toMatchObject({
        status: 415,
      })
    }
    expect(await ask(bed, "POST", "/publish", { key: ALL, headers: { "content-encoding": "gzip" }, body: say("x") })).toMatchObject({
      status: 415,
    })
    expect(
      await ask(bed, "POST", "/publish", { key: ALL, headers: { "content-type": "Application/JSON; charset=utf-8" }, body: say("x") }),
    ).toMatchObject({ status: 200 })
  })

  it("can be left out, and can live elsewhere", async () => {
    bed = await startApi({ api: false })
    expect(bed.server.api).toBeUndefined()
    await bed.close()
    bed = await startApi({ api: { prefix: "/back" } })
    expect((await ask(bed, "GET", "//back/health")).status).toBe(200)
    expect((await ask(bed, "GET", `/${PREFIX}/health`)).status).toBe(404)
    await expect(startApi({ api: { prefix: "/back/" } })).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
      details: { option: "api.prefix" },
    })
    await expect(startApi({ api: { origins: "https://one.example" as never } })).rejects.toMatchObject({
      details: { option: "api.origins" },
    })
  })
})
