import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createTimingWheel } from "./timing-wheel.ts"

describe("timing wheel", () => {
  it("looks at each object at its time, within a tick, and again when it asks", async () => {
    const clock = fakeClock()
    const wheel = createTimingWheel(clock)
    const seen: number[] = []
    wheel.watch({ check: (now) => (seen.push(now) < 3 ? 1_000 : undefined) }, 500)
    await clock.advance(10_000)
    expect(seen).toHaveLength(3)
    expect(seen[0]).toBeGreaterThanOrEqual(500)
    expect(seen[0]).toBeLessThanOrEqual(1_000)
    expect((seen[1] ?? 0) - (seen[0] ?? 0)).toBeGreaterThanOrEqual(1_000)
    expect((seen[1] ?? 0) - (seen[0] ?? 0)).toBeLessThanOrEqual(1_500)
  })

  it("[G12] holds one timer for any number of objects and none for none", async () => {
    const clock = fakeClock()
    const wheel = createTimingWheel(clock)
    const watched = Array.from({ length: 1_000 }, () => ({ check: () => 1_000 }))
    for (const one of watched) wheel.watch(one, 1_000)
    expect(clock.pendingTimers).toBe(1)
    for (const one of watched) wheel.unwatch(one)
    await clock.advance(1_000)
    expect(clock.pendingTimers).toBe(0)
  })

  it("[F63] catches up after a sleep without visiting an object twice for it", async () => {
    const clock = fakeClock()
    const wheel = createTimingWheel(clock)
    const visits: number[] = []
    wheel.watch({ check: (now) => visits.push(now) * 1_000 }, 1_000)
    clock.sleep(3_600_000)
    await clock.advance(250)
    expect(visits).toHaveLength(1)
  })

  it("keeps an object's newest time when it is watched again", async () => {
    const clock = fakeClock()
    const wheel = createTimingWheel(clock)
    let visits = 0
    const watched = { check: () => void visits++ }
    wheel.watch(watched, 500)
    wheel.watch(watched, 5_000)
    await clock.advance(4_000)
    expect(visits).toBe(0)
    await clock.advance(2_000)
    expect(visits).toBe(1)
    expect(wheel.size).toBe(0)
  })
})
