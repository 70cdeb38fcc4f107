import { createHash } from "node:crypto"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import type { Identity, User } from "../access/identity.ts"
import { type ApiKeysOptions, apiKeys } from "./api-keys.ts"

const KEY = "key-of-the-billing-service"
const SHA256 = createHash("sha256").update(KEY).digest("hex")
const clock = fakeClock()
const billing = { id: "billing" }

function authenticate(key: string | undefined, keys: ApiKeysOptions<User>["keys"] = { [KEY]: billing }): Identity | undefined {
  // It decides at once.
  return apiKeys({ keys }).authenticate({ key, token: undefined, address: "192.0.2.1", origin: undefined }, clock) as Identity | undefined
}

describe("API keys", () => {
  it("tells the user behind a key and nothing for any other", () => {
    expect(authenticate(KEY)).toEqual({ user: billing, token: `key-${SHA256.slice(0, 12)}` })
    expect(authenticate("x".repeat(512), { ["x".repeat(512)]: billing })).toBeDefined()
    for (const wrong of [undefined, "", "key-of-the-billing-servicf", "__proto__", "constructor", SHA256, "x".repeat(100_000)]) {
      expect(authenticate(wrong)).toBeUndefined()
    }
  })

  it("[G10] take rights, limits, an expiry and a name of their own", () => {
    const expiresAt = clock.now() + 1
    const can = { "chat/:room": ["publish"] }
    const identity = authenticate(KEY, [
      { sha256: SHA256, user: billing, id: "billing-1", can, messagesPerSecond: 5, connections: 2, expiresAt, issuedAt: 7 },
    ])
    expect(identity).toMatchObject({
      user: billing,
      token: "billing-1",
      expiresAt,
      issuedAt: 7,
      limits: { messagesPerSecond: 5, connections: 2 },
    })
    expect(identity?.rights?.can("chat/a", "publish")).toBe(true)
    expect(identity?.rights?.can("chat/a", "subscribe")).toBe(false)
    const plain = authenticate(KEY, [{ key: KEY, user: billing }])
    expect([plain?.rights, plain?.limits, plain?.issuedAt]).toEqual([undefined, undefined, undefined])
    expect(authenticate(KEY, [{ key: KEY, user: billing, connections: 1 }])?.limits).toEqual({ connections: 1 })
    expect(authenticate(KEY, [{ key: KEY, user: billing, messagesPerSecond: 0.5 }])?.limits).toEqual({ messagesPerSecond: 0.5 })
  })

  it("no longer counts once it has expired", async () => {
    const auth = apiKeys({ keys: [{ key: KEY, user: billing, expiresAt: clock.now() + 1_000 }] })
    const ask = () => auth.authenticate({ key: KEY, token: undefined, address: "192.0.2.1", origin: undefined }, clock)
    expect(ask()).toBeDefined()
    await clock.advance(999)
    expect(ask()).toBeDefined()
    await clock.advance(1)
    expect(ask()).toBeUndefined()
  })

  it("[F43] refuses a key that could be guessed, without saying it", () => {
    const create = (): unknown => apiKeys({ keys: { "too-short": { id: "ann" } } })
    expect(create).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
    expect(create).toThrow(/"ann"/)
    expect(create).not.toThrow(/too-short/)
    expect(() => apiKeys({ keys: { "x-fifteen-chars": billing } })).toThrow()
    expect(() => apiKeys({ keys: { "x-sixteen-chars-": billing } })).not.toThrow()
  })

  it.each([
    [{ user: billing }, "needs one of key and sha256"],
    [{ user: billing, key: KEY, sha256: SHA256 }, "needs one of key and sha256"],
    [{ user: billing, sha256: SHA256.toUpperCase() }, "64 hexadecimal digits"],
    [{ user: billing, sha256: `${SHA256}0` }, "64 hexadecimal digits"],
    [{ user: billing, key: KEY, can: { "chat/../a": ["publish"] } }, "rights that cannot be read"],
    [{ user: billing, key: KEY, messagesPerSecond: 0 }, "messagesPerSecond"],
    [{ user: billing, key: KEY, connections: Number.NaN }, "connections"],
    [{ user: billing, key: KEY, expiresAt: Number.POSITIVE_INFINITY }, "expiresAt"],
    [{ user: billing, key: KEY, issuedAt: -1 }, "issuedAt"],
  ])("refuses %j", (entry, why) => {
    expect(() => apiKeys({ keys: [entry] })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(why), details: { option: "auth" } }),
    )
  })

  it("refuses one key for two", () => {
    expect(() =>
      apiKeys({
        keys: [
          { key: KEY, user: billing },
          { sha256: SHA256, user: { id: "ann" } },
        ],
      }),
    ).toThrow(/"ann" is given twice/)
  })

  it("[F87] come and go without a restart, and stay as they were where the new ones cannot be used", () => {
    const NEW_KEY = "new-key-of-the-billing-service"
    let keys: ApiKeysOptions<User>["keys"] = { [KEY]: billing }
    const auth = apiKeys({ keys: () => keys as Record<string, User> })
    const who = (key: string): Identity | undefined =>
      auth.authenticate({ key, token: undefined, address: "192.0.2.1", origin: undefined }, clock) as Identity | undefined
    expect([who(KEY)?.user, who(NEW_KEY)]).toEqual([billing, undefined])
    // What is the same object is not read again, so that each key costs one hash.
    expect(who(KEY)).toBe(who(KEY))
    keys = { [KEY]: billing, [NEW_KEY]: billing }
    expect([who(KEY)?.user, who(NEW_KEY)?.user]).toEqual([billing, billing])
    keys = { short: billing }
    expect([who(KEY)?.user, who(NEW_KEY)?.user]).toEqual([billing, billing])
    keys = { [NEW_KEY]: billing }
    expect([who(KEY), who(NEW_KEY)?.user]).toEqual([undefined, billing])
  })
})
