import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, ask, say, startApi } from "./api.fixture.ts"

let bed: ApiBed
afterEach(() => bed.close())

describe("how much a back end may ask", () => {
  it("[F49] gives a key its rate and its burst, tells the exact wait, and lets it on after that", async () => {
    bed = await startApi({ limits: { apiMessagesPerCallerPerSecond: 4 } })
    const publish = async (key = ALL) => ask(bed, "POST", "/publish", { key, body: say("x") })
    for (let index = 0; index < 8; index++) expect((await publish()).status).toBe(200)
    const refused = await publish()
    expect(refused).toMatchObject({
      status: 429,
      headers: { "Retry-After": "1" },
      json: { code: "RATE_LIMITED", retryable: true, retryAfterMs: 250, details: { limit: "apiMessagesPerCallerPerSecond" } },
    })
    expect((await publish("chat-only-key-01")).status).toBe(200)
    await bed.clock.advance(249)
    expect((await publish()).status).toBe(429)
    await bed.clock.advance(1)
    expect((await publish()).status).toBe(200)
  })

  it("[F49] counts each message of a batch: whoever brought many waits for all of them", async () => {
    bed = await startApi({ limits: { apiMessagesPerCallerPerSecond: 10 } })
    const messages = Array.from({ length: 50 }, () => say("x"))
    expect((await ask(bed, "POST", "/publish/batch", { key: ALL, body: { messages } })).status).toBe(200)
    expect((await ask(bed, "POST", "/publish", { key: ALL, body: say("x") })).json).toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: 3_100,
    })
  })

  it("[F49] gives an address its rate before it looks at credentials, and its neighbours theirs", async () => {
    bed = await startApi({ limits: { apiRequestsPerAddressPerSecond: 2 } })
    const guess = (address: string) => ask(bed, "POST", "/publish", { key: "guessed-key-0001", address, body: say("x") })
    for (let index = 0; index < 4; index++) expect((await guess("203.0.113.9")).status).toBe(401)
    expect(await guess("203.0.113.9")).toMatchObject({
      status: 429,
      json: { retryAfterMs: 500, details: { limit: "apiRequestsPerAddressPerSecond" } },
    })
    expect((await guess("203.0.113.10")).status).toBe(401)
    expect((await ask(bed, "GET", "/health", { address: "203.0.113.9" })).status).toBe(200)
  })

  it("[F80] answers so many at a time, and health always", async () => {
    bed = await startApi({ limits: { apiRequests: 2 } })
    for (let index = 0; index < 5; index++) {
      expect((await ask(bed, "POST", "/publish", { key: index < 4 ? ALL : "unknown-key-0001", body: say("x") })).status).toBe(
        index < 4 ? 200 : 401,
      )
    }
    const api = bed.server.api
    if (api === undefined) throw new Error("there is no API")
    const request = {
      method: "POST",
      target: "/magpie/api/v1/publish",
      headers: { "content-type": ["application/json"], "x-api-key": [ALL] },
      address: "192.0.2.1",
    }
    const waiting = [1, 2].map(() => api({ ...request, readBody: () => new Promise<Uint8Array>(() => {}) }))
    await bed.clock.settle()
    expect(waiting).toHaveLength(2)
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: say("x") })).toMatchObject({
      status: 503,
      json: { code: "UNAVAILABLE", details: { limit: "apiRequests" } },
    })
    expect((await ask(bed, "GET", "/health")).status).toBe(200)
    expect((await ask(bed, "GET", "/ready")).status).toBe(200)
  })
})

describe("whether a server wants work", () => {
  it("[F84] says no from the first moment of a drain, serves what comes until then, and asks to be left", async () => {
    bed = await startApi()
    for (let index = 0; index < 100; index++) bed.connect()
    await bed.clock.settle()
    expect(await ask(bed, "GET", "/ready")).toMatchObject({ status: 200, json: { status: "ready" } })
    const closed = bed.server.close({ spreadMs: 1_000 })
    expect(await ask(bed, "GET", "/ready")).toMatchObject({
      status: 503,
      headers: { Connection: "close", "Retry-After": "1" },
      json: { details: { status: "draining" } },
    })
    expect(await ask(bed, "GET", "/health")).toMatchObject({ status: 200 })
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: say("late") })).toMatchObject({
      status: 200,
      headers: { Connection: "close" },
    })
    await bed.clock.advance(2_000)
    await closed
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: say("later") })).toMatchObject({
      status: 503,
      json: { code: "UNAVAILABLE", retryable: true },
    })
    expect(await ask(bed, "GET", "/history?channel=chat/a", { key: ALL })).toMatchObject({ status: 503 })
  })

  it("[F84] tells a publisher whose body came too late to go elsewhere", async () => {
    bed = await startApi()
    const { api } = bed.server
    if (api === undefined) throw new Error("there is no API")
    let send = (_body: Uint8Array): void => {}
    const readBody = () =>
      new Promise<Uint8Array>((resolve) => {
        send = resolve
      })
    const headers = { "content-type": ["application/json"], "x-api-key": [ALL] }
    const answered = api({ method: "POST", target: "/magpie/api/v1/publish", headers, address: "192.0.2.1", readBody })
    await bed.clock.settle()
    const closed = bed.server.close({ spreadMs: 0 })
    await bed.clock.settle()
    await closed
    send(new TextEncoder().encode(JSON.stringify(say("late"))))
    const { status, body } = await answered
    expect([status, JSON.parse(body)]).toMatchObject([503, { code: "UNAVAILABLE", retryable: true }])
  })

  it("[F106] says no once its storage can take nothing, and tells publishers what they do not know", async () => {
    const disk = memoryStorage()
    bed = await startApi({ storage: disk })
    disk.failNextCommit("unavailable")
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: say("x") })).toMatchObject({ status: 503, json: { code: "UNAVAILABLE" } })
    expect((await ask(bed, "GET", "/ready")).status).toBe(200)
    disk.failNextCommit("fenced")
    expect(await ask(bed, "POST", "/publish", { key: ALL, body: say("x") })).toMatchObject({
      status: 503,
      json: { code: "STORAGE_FENCED" },
    })
    expect(await ask(bed, "GET", "/ready")).toMatchObject({ status: 503, json: { details: { status: "fenced" } } })
    expect(bed.server.ready).toBe(false)
  })
})

describe("a secret", () => {
  it("[F43] in a key, a header or a body appears in no log line, counter or answer to somebody else", async () => {
    bed = await startApi({
      auth: {
        authenticate({ key }) {
          if (key?.includes("explode")) throw new Error(`bad key ${key}`)
          return key === ALL ? { user: { id: "backend", api: { may: "everything", channels: "any", users: "any" } } } : undefined
        },
      },
    })
    const canary = "canary-7f3a9c"
    const told = [
      await ask(bed, "POST", "/publish", { key: canary, body: say(canary) }),
      await ask(bed, "POST", "/publish", { key: `explode ${canary}`, body: say(canary) }),
      await ask(bed, "POST", "/publish", { headers: { authorization: `Bearer ${canary}`, cookie: canary }, body: say(canary) }),
      await ask(bed, "POST", "/publish", { key: ALL, body: `{"channel":"chat/a","name":"say","data":{"text":"${canary}` }),
      await ask(bed, "POST", "/publish", { key: ALL, body: { channel: "chat/a", name: "say", data: canary } }),
      await ask(bed, "POST", "/publish", { key: ALL, body: say(canary, { key: "k" }) }),
      await ask(bed, "POST", "/publish", {
        key: ALL,
        headers: { "content-type": canary, "idempotency-key": [canary, canary] },
        body: say("x"),
      }),
    ]
    expect(told.map(({ status }) => status)).toEqual([401, 503, 401, 400, 400, 200, 400])
    expect(JSON.stringify([told, bed.env.lines, bed.server.counters])).not.toContain(canary)
    expect(bed.server.channel("chat/a").history({ last: 1 })).toMatchObject([{ data: { text: canary } }])
    expect(bed.env.lines.filter(({ level }) => level === "error")).toMatchObject([
      { event: "api-auth-failed", fields: { failure: "Error" } },
    ])
  })
})
