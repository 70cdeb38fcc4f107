import { describe, expect, it } from "vitest"
import { classOf, Pace } from "./pace.ts"

describe("the pace of updates", () => {
  it("is of one of a few classes, none faster than was asked but for the slowest", () => {
    expect([0, 1, 50, 51, 450, 500, 60_000, 90_000].map(classOf)).toEqual([0, 50, 50, 100, 500, 500, 60_000, 60_000])
  })

  it("falls to what the bytes allow and waits until they are paid for, and rises again", () => {
    const pace = new Pace({ intervalMs: 100, maxBytesPerSecond: 1_000 })
    expect([pace.periodMs, pace.slowedBy]).toEqual([100, undefined])
    pace.gave(700, 0, true)
    expect([pace.periodMs, pace.intervalMs, pace.slowedBy, pace.dueAt]).toEqual([1_000, 1_000, "bytes", 700])
    pace.gave(700, 500, true)
    expect(pace.dueAt).toBe(1_400)
    for (let at = 2_000; at < 12_000; at += 1_000) pace.gave(20, at, true)
    expect([pace.periodMs, pace.slowedBy]).toEqual([100, undefined])
  })

  it("says how rare updates are where few bytes allow less than the slowest class", () => {
    const pace = new Pace({ intervalMs: 0, maxBytesPerSecond: 10 })
    pace.gave(1_500, 0, true)
    expect([pace.periodMs, pace.intervalMs, pace.dueAt]).toEqual([60_000, 180_000, 150_000])
  })

  it("falls by a class at a time with a link that is late, and rises after some updates in time", () => {
    const pace = new Pace({ intervalMs: 100, maxBytesPerSecond: undefined })
    pace.gave(10, 0, true)
    pace.stalled(50)
    expect([pace.isLate(50), pace.periodMs]).toEqual([false, 100])
    pace.stalled(100)
    pace.stalled(150)
    expect([pace.periodMs, pace.slowedBy]).toEqual([200, "link"])
    pace.stalled(300)
    expect(pace.periodMs).toBe(500)
    let at = 1_000
    const updates = (count: number, wasTaken: boolean) => {
      for (let index = 0; index < count; index++) {
        at += 500
        pace.gave(10, at, wasTaken)
      }
    }
    updates(3, true)
    updates(1, false)
    updates(3, true)
    expect(pace.periodMs).toBe(500)
    updates(1, true)
    expect(pace.periodMs).toBe(200)
    updates(4, true)
    expect([pace.periodMs, pace.slowedBy]).toEqual([100, undefined])
  })

  it("falls with a link to one in two seconds and no further, and not below what was asked", () => {
    const pace = new Pace({ intervalMs: 500, maxBytesPerSecond: undefined })
    for (let at = 0; at < 60_000; at += 500) pace.stalled(at)
    expect([pace.periodMs, pace.slowedBy]).toEqual([2_000, "link"])
    const slow = new Pace({ intervalMs: 5_000, maxBytesPerSecond: undefined })
    for (let at = 0; at < 60_000; at += 500) slow.stalled(at)
    expect([slow.periodMs, slow.slowedBy]).toEqual([5_000, undefined])
  })

  it("gives one who wants everything a class only while it is slowed", () => {
    const pace = new Pace({ intervalMs: 0, maxBytesPerSecond: undefined })
    expect([pace.periodMs, pace.intervalMs]).toEqual([0, 0])
    pace.stalled(0)
    expect([pace.periodMs, pace.slowedBy]).toEqual([50, "link"])
    for (let at = 100; at <= 400; at += 100) pace.gave(10, at, true)
    expect([pace.periodMs, pace.slowedBy]).toEqual([0, undefined])
  })
})
