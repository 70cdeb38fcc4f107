import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CLOSE_CODES, CLOSE_MEANINGS, closeReason, parseCloseReason, reconnectsAfter } from "./close-codes.ts"

const bytes = (text: string) => new TextEncoder().encode(text).length

describe("close codes", () => {
  it("are each used once, and are codes that an endpoint may send", () => {
    const codes: number[] = Object.values(CLOSE_CODES)
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes)
      expect(code < 1015 ? ![1004, 1005, 1006].includes(code) && code >= 1000 : code >= 4000 && code < 5000).toBe(true)
    expect(Object.keys(CLOSE_MEANINGS)).toEqual(Object.keys(CLOSE_CODES))
  })

  it("decide by their range whether a client comes back, known or not", () => {
    for (let code = 4000; code <= 4499; code++) expect(reconnectsAfter(code)).toBe(true)
    for (let code = 4500; code <= 4999; code++) if (code !== 4501) expect(reconnectsAfter(code)).toBe(false)
  })

  it("lets a client come back after 4501: to one that does send a hello it says that somebody was slow", () => {
    expect(reconnectsAfter(CLOSE_CODES.AUTH_TIMEOUT)).toBe(true)
  })

  it.each([
    [1000, false],
    [1001, true],
    [1002, false],
    [1003, false],
    [1005, true],
    [1006, true],
    [1007, false],
    [1008, false],
    [1009, false],
    [1010, false],
    [1011, true],
    [1012, true],
    [1013, true],
    [1014, true],
    [1015, true],
    [3000, true],
  ])("after %i a client comes back: %s", (code, comesBack) => {
    expect(reconnectsAfter(code)).toBe(comesBack)
  })
})

describe("a close reason", () => {
  it("carries the time to wait and is read back", () => {
    expect(closeReason("drain", 500)).toBe("drain;retryAfterMs=500")
    expect(parseCloseReason("drain;retryAfterMs=500")).toEqual({ reason: "drain", retryAfterMs: 500 })
    expect(parseCloseReason(closeReason("drain"))).toEqual({ reason: "drain", retryAfterMs: undefined })
    expect(parseCloseReason(closeReason("a;retryAfterMs=1", 2))).toEqual({ reason: "a;retryAfterMs=1", retryAfterMs: 2 })
  })

  it("rounds the time and never names one in the past", () => {
    expect(closeReason("x", 1.6)).toBe("x;retryAfterMs=2")
    expect(closeReason("x", -5)).toBe("x;retryAfterMs=0")
  })

  it.each([
    "",
    "x;retryAfterMs=",
    "x;retryAfterMs=-1",
    "x;retryAfterMs=1e9",
    "x;retryAfterMs=soon",
    "x;retryAfterMs=9007199254740992",
    `x;retryAfterMs=${"9".repeat(40)}`,
  ])("takes %j from a stranger as a reason without a hint", (text) => {
    expect(parseCloseReason(text)).toEqual({ reason: text, retryAfterMs: undefined })
  })

  it("[F23] is at most 123 bytes of whole characters, whatever it is built from, and keeps its hint", () => {
    // Thirty thousand years are enough.
    const wait = fc.option(
      fc.maxSafeNat().map((ms) => ms % 1_000_000_000_000_000),
      { nil: undefined },
    )
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 200 }).filter((reason) => !reason.includes(";")),
        wait,
        (reason, retryAfterMs) => {
          const text = closeReason(reason, retryAfterMs)
          const read = parseCloseReason(text)
          expect(bytes(text)).toBeLessThanOrEqual(123)
          expect(text).not.toMatch(/\p{Surrogate}/u)
          expect(read.retryAfterMs).toBe(retryAfterMs)
          if (bytes(reason) <= 90) expect(read.reason).toBe(reason)
        },
      ),
      { seed: 20260101, numRuns: 2_000 },
    )
    expect(bytes(closeReason("鵲".repeat(100)))).toBe(123)
    expect(parseCloseReason(closeReason("鵲".repeat(100), 7)).retryAfterMs).toBe(7)
  })
})
