import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createTurnstile } from "./turnstile.ts"

function setUp() {
  const clock = fakeClock()
  const turnstile = createTurnstile(clock, 3)
  const passed: number[] = []
  const enter = (count: number, from = 0): void => {
    for (let index = from; index < from + count; index++) {
      const wait = turnstile.enter()
      if (wait === undefined) passed.push(index)
      else void wait.then(() => passed.push(index))
    }
  }
  return { clock, turnstile, passed, enter }
}

describe("a turnstile", () => {
  it("lets the first ones pass at once", () => {
    const { turnstile, passed, enter } = setUp()
    enter(3)
    expect([passed, turnstile.waiting]).toEqual([[0, 1, 2], 0])
  })

  it("[F79] lets so many pass in a turn and the others in later ones, in order, and others have their turn between", async () => {
    const { clock, turnstile, passed, enter } = setUp()
    enter(10)
    expect([passed.length, turnstile.waiting]).toEqual([3, 7])
    const waiting: number[] = []
    const watch = (): void => {
      waiting.push(turnstile.waiting)
      if (turnstile.waiting > 0) clock.defer(watch)
    }
    clock.defer(watch)
    await clock.settle()
    expect(waiting).toEqual([4, 1, 0])
    expect(passed).toEqual(Array.from({ length: 10 }, (_, index) => index))
  })

  it("lets those who come while others wait go behind them", async () => {
    const { clock, passed, enter } = setUp()
    enter(8)
    clock.defer(() => enter(2, 8))
    await clock.settle()
    expect(passed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it("[G12] leaves nothing behind when everybody is through", async () => {
    const { clock, turnstile, enter } = setUp()
    enter(7)
    await clock.settle()
    expect([turnstile.waiting, clock.pendingTimers]).toEqual([0, 0])
  })
})
