import { fakeCrypto, seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createSessionTokens } from "./session-token.ts"

const create = (key = 7) => createSessionTokens(fakeCrypto, seededRandom(1), () => [new Uint8Array(32).fill(key)])

describe("session token", () => {
  it("names its session for the user that it was made for", () => {
    const tokens = create()
    const { session, token } = tokens.create("ann")
    expect(tokens.verify(token, "ann")).toBe(session)
  })

  it("[F40] is worth nothing to another user, changed, cut or guessed", () => {
    const tokens = create()
    const { session, token } = tokens.create("ann")
    expect(tokens.verify(token, "bob")).toBeUndefined()
    expect(create(8).verify(token, "ann")).toBeUndefined()
    for (let index = 0; index < token.length; index++) {
      const other = token[index] === "0" ? "1" : "0"
      expect(tokens.verify(token.slice(0, index) + other + token.slice(index + 1), "ann")).toBeUndefined()
      expect(tokens.verify(token.slice(0, index), "ann")).toBeUndefined()
    }
    const random = seededRandom(2)
    for (let guess = 0; guess < 10_000; guess++) {
      const signature = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("")
      expect(tokens.verify(`${session}.${signature}`, "ann")).toBeUndefined()
    }
  })
})
