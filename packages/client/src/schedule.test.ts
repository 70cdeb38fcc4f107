import { fakeClock, seededRandom } from "@magpie/testing"
import { expect, test } from "vitest"
import { createSchedule } from "./schedule.ts"

test("[G12] however much waits, there is one timer, and none when nothing waits", async () => {
  const clock = fakeClock()
  const schedule = createSchedule({ clock, random: seededRandom(1) }, { initialMs: 500, maxMs: 20_000 })
  const fired: number[] = []
  const timers = [50, 10, 30, 10].map((ms) => schedule.after(ms, () => fired.push(ms)))
  expect(clock.pendingTimers).toBe(1)
  timers[2]?.cancel()
  timers[2]?.cancel()
  await clock.advance(20)
  expect(fired).toEqual([10, 10])
  timers[0]?.cancel()
  expect(clock.pendingTimers).toBe(0)
  schedule.after(5, () => schedule.after(0, () => fired.push(0)))
  await clock.advance(5)
  expect(fired).toEqual([10, 10, 0])
  schedule.after(5, () => fired.push(-1))
  schedule.clear()
  await clock.advance(100)
  expect(fired).toHaveLength(3)
})

test("one that fires may cancel another that is due in the same moment", async () => {
  const clock = fakeClock()
  const schedule = createSchedule({ clock, random: seededRandom(1) }, { initialMs: 500, maxMs: 20_000 })
  const fired: string[] = []
  schedule.after(10, () => {
    fired.push("first")
    second.cancel()
  })
  const second = schedule.after(10, () => fired.push("second"))
  await clock.advance(10)
  expect(fired).toEqual(["first"])
})
