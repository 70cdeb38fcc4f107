import { DEFAULT_LIMITS, isMagpieError } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createRefusals } from "./refusals.ts"

function setUp(perSecond = 2, trackedRates = 100) {
  const { clock, log, lines } = fakeEnv()
  const refusals = createRefusals({
    clock,
    log,
    limits: { ...DEFAULT_LIMITS, wrongCredentialsPerAddressPerSecond: perSecond, trackedRates },
  })
  /** 0 where credentials from there would be looked at, and were wrong; else how long to wait. */
  const tryOut = (address = "192.0.2.66"): number => {
    try {
      refusals.check(address)
    } catch (failure) {
      if (!isMagpieError(failure)) throw failure
      expect(failure).toMatchObject({ code: "RATE_LIMITED", details: { limit: "wrongCredentialsPerAddressPerSecond" } })
      return failure.retryAfterMs ?? Number.NaN
    }
    refusals.count(address)
    return 0
  }
  return { clock, lines, refusals, tryOut }
}

describe("wrong credentials", () => {
  it("[F40] are looked at so often from one address, and then not until it has waited", async () => {
    const { clock, tryOut } = setUp()
    expect(Array.from({ length: 22 }, () => tryOut())).toEqual([...Array(20).fill(0), 500, 500])
    await clock.advance(499)
    expect(tryOut()).toBe(1)
    await clock.advance(1)
    expect([tryOut(), tryOut()]).toEqual([0, 500])
    await clock.advance(20_000)
    expect(Array.from({ length: 21 }, () => tryOut())).toEqual([...Array(20).fill(0), 500])
  })

  it("[F40] from one address leave the others alone, but for the rest of its IPv6 network", () => {
    const { tryOut } = setUp()
    for (let index = 0; index < 30; index++) tryOut("2001:db8::66")
    expect(tryOut("2001:db8::7")).toBe(500)
    expect(tryOut("2001:db8:1::7")).toBe(0)
    expect(tryOut("192.0.2.7")).toBe(0)
  })

  it("[F40] are nothing that a right one adds to", () => {
    const { refusals } = setUp()
    for (let index = 0; index < 1_000; index++) expect(() => refusals.check("192.0.2.1")).not.toThrow()
  })

  it("[F40] are worth one line a minute for each address", async () => {
    const { clock, lines, tryOut } = setUp()
    for (let index = 0; index < 1_000; index++) tryOut()
    for (let index = 0; index < 30; index++) tryOut("192.0.2.67")
    expect(lines).toEqual([
      { level: "error", event: "wrong-credentials", fields: { address: "192.0.2.66", perSecond: 2 } },
      { level: "error", event: "wrong-credentials", fields: { address: "192.0.2.67", perSecond: 2 } },
    ])
    await clock.advance(59_000)
    for (let index = 0; index < 1_000; index++) tryOut()
    expect(lines).toHaveLength(2)
    await clock.advance(1_000)
    for (let index = 0; index < 1_000; index++) tryOut()
    expect(lines).toHaveLength(3)
  })

  it("[F49] are remembered of a bounded number of addresses (trackedRates)", () => {
    const { tryOut } = setUp(2, 2)
    for (let index = 0; index < 30; index++) tryOut()
    expect(tryOut()).toBe(500)
    for (const address of ["192.0.2.1", "192.0.2.2"]) tryOut(address)
    expect(tryOut()).toBe(0)
  })
})
