import { expect, test } from "vitest"
import { backoffMs, hintedMs } from "./backoff.ts"

const backoff = { initialMs: 500, maxMs: 20_000 }

test("the bound doubles with each failure and stops at the maximum", () => {
  const bounds = [0, 1, 2, 5, 6, 50, 2_000].map((failures) => backoffMs(backoff, failures, 1))
  expect(bounds).toEqual([500, 1_000, 2_000, 16_000, 20_000, 20_000, 20_000])
})

test("the jitter is full also at the cap: it spreads from zero to the bound", () => {
  expect(backoffMs(backoff, 30, 0)).toBe(0)
  expect(backoffMs(backoff, 30, 0.5)).toBe(10_000)
})

test("a server's hint is never undercut, and spread ever wider with each failure", () => {
  expect(hintedMs(backoff, 0, 30_000, 0)).toBe(30_000)
  expect(hintedMs(backoff, 0, 30_000, 0.999)).toBeLessThan(33_000)
  expect([0, 1, 2, 5, 6, 50, 2_000].map((failures) => hintedMs(backoff, failures, 5, 0.5))).toEqual([
    255, 505, 1_005, 8_005, 10_005, 10_005, 10_005,
  ])
  expect(hintedMs(backoff, 0, 900_000, 1)).toBe(920_000)
})
