import { describe, expect, it } from "vitest"
import { checkHandshake, type HandshakeRequest } from "./handshake.ts"

const good: HandshakeRequest = {
  method: "GET",
  headers: { upgrade: ["websocket"], "sec-websocket-version": ["13"], "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="] },
}
const withHeaders = (headers: Record<string, string[] | undefined>): HandshakeRequest => ({
  ...good,
  headers: { ...good.headers, ...headers },
})

describe("handshake", () => {
  it("lets a plain client in without a subprotocol, and ours with it", () => {
    expect(checkHandshake(good)).toEqual({ ok: true, subprotocol: undefined, token: undefined })
    expect(checkHandshake(withHeaders({ "sec-websocket-protocol": ["magpie.v1.json"] }))).toMatchObject({
      ok: true,
      subprotocol: "magpie.v1.json",
    })
  })

  it.each(["POST", "HEAD", "OPTIONS"])("[F1] answers %s with 405 and Allow: GET", (method) => {
    expect(checkHandshake({ ...good, method })).toMatchObject({ status: 405, headers: { Allow: "GET" } })
  })

  it("[F2] answers a lost Upgrade header with 400", () => {
    expect(checkHandshake(withHeaders({ upgrade: undefined }))).toMatchObject({ status: 400 })
    expect(checkHandshake(withHeaders({ upgrade: ["h2c"] }))).toMatchObject({ status: 400 })
  })

  it.each([undefined, ["8"], ["12"], ["13", "13"], ["13.0"]])(
    "[F3] answers version %s with 426 and the version that is spoken",
    (version) => {
      expect(checkHandshake(withHeaders({ "sec-websocket-version": version }))).toMatchObject({
        status: 426,
        headers: { "Sec-WebSocket-Version": "13" },
      })
    },
  )

  it.each([
    undefined,
    ["short"],
    ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["!!!!!!!!!!!!!!!!!!!!!!=="],
    ["x".repeat(100_000)],
  ])("[F4] answers the key %.20s with 400", (key) => {
    expect(checkHandshake(withHeaders({ "sec-websocket-key": key }))).toMatchObject({ status: 400 })
  })

  it("[F5] answers hostile header texts as fast as harmless ones", () => {
    const hostile = `"b"${" ".repeat(16_000)}"x"${" ".repeat(16_000)}`
    const long = 'a;,="\\'.repeat(3_000)
    const once = (request: HandshakeRequest): number => {
      const start = performance.now()
      for (let round = 0; round < 50; round++) checkHandshake(request)
      return performance.now() - start
    }
    const time = (request: HandshakeRequest): number => Math.min(...Array.from({ length: 5 }, () => once(request)))
    const harmless = time(withHeaders({ "sec-websocket-protocol": ["a".repeat(15_000)] }))
    expect(checkHandshake(withHeaders({ "sec-websocket-protocol": [hostile] }))).toMatchObject({ status: 400 })
    expect(checkHandshake(withHeaders({ "sec-websocket-extensions": [long] }))).toMatchObject({ status: 400 })
    const hostileMs = time(withHeaders({ "sec-websocket-protocol": [hostile.slice(0, 15_000)] }))
    expect(hostileMs).toBeLessThan(harmless * 20 + 20)
  })

  it("[F6] refuses a list without our subprotocol, and takes a token out of it without echoing it", () => {
    expect(checkHandshake(withHeaders({ "sec-websocket-protocol": ["graphql-ws, chat"] }))).toMatchObject({ status: 400 })
    const carried = checkHandshake(withHeaders({ "sec-websocket-protocol": ["magpie.v1.json", "magpie.token.abc.def.ghi"] }))
    expect(carried).toEqual({ ok: true, subprotocol: "magpie.v1.json", token: "abc.def.ghi" })
  })

  it("[F6] refuses a list that is malformed or endless", () => {
    expect(checkHandshake(withHeaders({ "sec-websocket-protocol": ["magpie.v1.json, with space"] }))).toMatchObject({ status: 400 })
    expect(checkHandshake(withHeaders({ "sec-websocket-protocol": ["magpie.v1.json,".repeat(50)] }))).toMatchObject({ status: 400 })
  })
})

describe("codecs", () => {
  const offering = (...list: string[]): HandshakeRequest => withHeaders({ "sec-websocket-protocol": [list.join(", ")] })
  const spoken = new Set(["magpie.v1.json", "magpie.v1.other"])

  it("takes the first that is offered and spoken", () => {
    expect(checkHandshake(offering("magpie.v9.json", "magpie.v1.other", "magpie.v1.json"), spoken)).toMatchObject({
      subprotocol: "magpie.v1.other",
    })
    expect(checkHandshake(offering("magpie.token.abc", "magpie.v1.json"), spoken)).toMatchObject({ subprotocol: "magpie.v1.json" })
  })

  it("lets one of Magpie's that is not spoken through, to be told why by a close, and never a credential in its place", () => {
    expect(checkHandshake(offering("chat", "magpie.v1.other"))).toMatchObject({ ok: true, subprotocol: "magpie.v1.other" })
    for (const list of ["magpie.token.v1", "magpie.ticket.v1", "magpie.v1.", "magpie.v1.Json", `magpie.v1.${"a".repeat(33)}`])
      expect(checkHandshake(offering(list))).toMatchObject({ status: 400 })
  })
})
