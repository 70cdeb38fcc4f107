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

test("a wait replaces the one before, grows with failures in a row, and obeys a hint", async () => {
  const clock = fakeClock()
  const schedule = createSchedule({ clock, random: { float: () => 0.5, bytes: () => new Uint8Array() } }, { initialMs: 500, maxMs: 20_000 })
  const wait = schedule.createWait()
  const fired: string[] = []
  wait.after(10, () => fired.push("replaced"))
  expect([1, 2, 3].map((round) => wait.again(() => fired.push(`try ${round}`), undefined))).toEqual([250, 500, 1_000])
  await clock.advance(1_000)
  expect(fired).toEqual(["try 3"])
  expect(wait.failures).toBe(3)
  expect(wait.again(() => fired.push("hinted"), 30_000)).toBe(32_000)
  wait.failures = 0
  expect(wait.again(() => fired.push("first again"), undefined)).toBe(250)
  wait.cancel()
  wait.cancel()
  await clock.advance(60_000)
  expect(fired).toEqual(["try 3"])
  expect(clock.pendingTimers).toBe(0)
})
