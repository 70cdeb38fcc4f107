import { describe, expect, it } from "vitest"
import { createMeter, createMeters, rate, take } from "./rate.ts"

describe("rate", () => {
  it("lets a burst through, then one event per interval, and says exactly when the next is due", () => {
    const meter = createMeter()
    const limit = rate(10, 3)
    expect([0, 0, 0].map((now) => take(meter, limit, now))).toEqual([0, 0, 0])
    expect(take(meter, limit, 0)).toBe(100)
    expect(take(meter, limit, 40)).toBe(60)
    expect(take(meter, limit, 100)).toBe(0)
    expect(take(meter, limit, 100)).toBe(100)
  })

  it("counts a refused event for nothing", () => {
    const meter = createMeter()
    const limit = rate(1, 1)
    take(meter, limit, 0)
    for (let attempt = 0; attempt < 1_000; attempt++) expect(take(meter, limit, 500)).toBe(500)
    expect(take(meter, limit, 1_000)).toBe(0)
  })

  it("[F49] remembers a bounded number of keys (trackedRates) and forgets the longest unused first", () => {
    const meters = createMeters(1_000)
    const limit = rate(1, 1)
    take(meters.of("honest"), limit, 0)
    for (let index = 0; index < 100_000; index++) {
      take(meters.of(`made-up-${index}`), limit, 0)
      if (index % 500 === 0) meters.of("honest")
    }
    expect(meters.size).toBe(1_000)
    expect(take(meters.of("honest"), limit, 0)).toBeGreaterThan(0)
  })
})
