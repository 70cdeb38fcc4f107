import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { apiKeys } from "./api-keys.ts"

const keys = { "key-of-the-billing-service": { id: "billing" } }
const authenticate = (key: string | undefined) =>
  apiKeys({ keys }).authenticate({ key, token: undefined, address: "192.0.2.1", origin: undefined }, fakeClock())

describe("API keys", () => {
  it("tells the user behind a key and nothing for any other", () => {
    expect(authenticate("key-of-the-billing-service")).toEqual({ user: { id: "billing" } })
    for (const wrong of [undefined, "", "key-of-the-billing-servicf", "__proto__", "constructor", "x".repeat(100_000)]) {
      expect(authenticate(wrong)).toBeUndefined()
    }
  })

  it("refuses a key that could be guessed, without saying it", () => {
    const create = (): unknown => apiKeys({ keys: { "too-short": { id: "ann" } } })
    expect(create).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
    expect(create).not.toThrow(/too-short/)
  })
})
