import { fakeClock, seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createDrain } from "./drain.ts"

function setUp(count: number, spreadMs: number) {
  const clock = fakeClock()
  const gone: { readonly who: number; readonly atMs: number; readonly retryAfterMs: number }[] = []
  const leavers = Array.from({ length: count }, (_, who) => ({
    sendAway: (retryAfterMs: number) => void gone.push({ who, atMs: clock.monotonic(), retryAfterMs }),
  }))
  return { clock, gone, drain: createDrain(leavers, { clock, random: seededRandom(3), spreadMs }) }
}

describe("a drain", () => {
  it("[F84] sends everybody away once, evenly over the window, in an order that nobody chose, with hints over the spread", async () => {
    const { clock, gone, drain } = setUp(1_000, 3_000)
    const done = drain.run()
    await clock.advance(3_000)
    await done
    expect(new Set(gone.map(({ who }) => who)).size).toBe(1_000)
    expect(gone).toHaveLength(1_000)
    for (let third = 0; third < 3; third++) {
      const here = gone.filter(({ atMs }) => atMs >= third * 1_000 && atMs < (third + 1) * 1_000 + (third === 2 ? 1 : 0))
      expect(here.length).toBeGreaterThan(300)
      expect(here.length).toBeLessThan(370)
      const hints = here.map(({ retryAfterMs }) => retryAfterMs)
      expect(Math.min(...hints)).toBeLessThan(150)
      expect(Math.max(...hints)).toBeGreaterThan(2_850)
    }
    expect(gone.map(({ who }) => who)).not.toEqual([...gone.map(({ who }) => who)].sort((a, b) => a - b))
  })

  it("takes 10 ms for each of a few, and no time for none", async () => {
    expect([setUp(5, 3_000).drain.windowMs, setUp(0, 3_000).drain.windowMs, setUp(5_000, 3_000).drain.windowMs]).toEqual([50, 0, 3_000])
    const { clock, gone, drain } = setUp(5, 3_000)
    const done = drain.run()
    await clock.advance(50)
    await done
    expect([gone.length, clock.pendingTimers]).toEqual([5, 0])
  })

  it("[F88] can be hurried: the rest goes at once, and no timer stays", async () => {
    const { clock, gone, drain } = setUp(1_000, 3_000)
    const done = drain.run()
    await clock.advance(300)
    expect(gone.length).toBeLessThan(120)
    drain.hurry()
    await done
    expect([gone.length, clock.pendingTimers]).toEqual([1_000, 0])
    drain.hurry()
    expect(gone).toHaveLength(1_000)
  })
})
