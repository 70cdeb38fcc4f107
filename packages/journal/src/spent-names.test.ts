import { fakeClock } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { SpentNames } from "./spent-names.ts"

describe("names that count once", () => {
  test("[F37] count for the first who asks, until their own end", async () => {
    const clock = fakeClock()
    const spent = new SpentNames(clock, 10)
    const until = clock.now() + 1_500
    expect(spent.spend("a", until)).toBe("first")
    expect(spent.spend("a", until)).toBe("spent")
    expect(spent.spend("b", until)).toBe("first")
    await clock.advance(1_499)
    expect(spent.spend("a", until)).toBe("spent")
    expect(spent.spend("c", until)).toBe("first")
    await clock.advance(1)
    expect(spent.spend("c", until)).toBe("spent")
    expect(spent.spend("d", until)).toBe("spent")
  })

  test("[F37] are forgotten once they have ended, and bounded until then", async () => {
    const clock = fakeClock()
    const spent = new SpentNames(clock, 3)
    for (const [name, lifeMs] of [
      ["a", 1_000],
      ["b", 5_000],
      ["c", 1_200],
    ] as const)
      expect(spent.spend(name, clock.now() + lifeMs)).toBe("first")
    expect(spent.spend("d", clock.now() + 1_000)).toBe("full")
    expect(spent.size).toBe(3)
    await clock.advance(3_000)
    expect(spent.spend("d", clock.now() + 1_000)).toBe("first")
    expect(spent.size).toBe(2)
    expect(spent.spend("b", clock.now() + 1_000)).toBe("spent")
  })

  test("[F109] do not count again because a clock goes back", async () => {
    const clock = fakeClock()
    const spent = new SpentNames(clock, 10)
    const until = clock.now() + 1_000
    spent.spend("a", until)
    await clock.advance(3_000)
    expect(spent.spend("other", clock.now() + 1_000)).toBe("first")
    expect(spent.size).toBe(1)
    clock.jumpWallClock(-3_000)
    expect(spent.spend("a", until)).toBe("spent")
  })
})
