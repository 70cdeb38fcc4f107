import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { systemClock, systemRandom, watchForSleep } from "./system.ts"

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test("a timer fires once after its delay, or never when cancelled, also where the delay is longer than platforms take", () => {
  const fired: string[] = []
  systemClock.setTimer(10, () => fired.push("short"))
  const cancelled = systemClock.setTimer(10, () => fired.push("cancelled"))
  cancelled.cancel()
  cancelled.cancel()
  const long = systemClock.setTimer(2 ** 40, () => fired.push("long"))
  vi.advanceTimersByTime(60_000)
  expect(fired).toEqual(["short"])
  long.cancel()
  expect(vi.getTimerCount()).toBe(0)
})

test("tells wall time, time that only grows, and runs what is deferred after the present turn", async () => {
  const before = systemClock.monotonic()
  vi.advanceTimersByTime(250)
  expect(systemClock.now()).toBe(1_000_250)
  expect(systemClock.monotonic() - before).toBe(250)
  const order: string[] = []
  systemClock.defer(() => order.push("deferred"))
  order.push("now")
  await Promise.resolve()
  expect(order).toEqual(["now", "deferred"])
})

test("draws so many bytes, and numbers from 0 to below 1", () => {
  expect(systemRandom.bytes(16)).toHaveLength(16)
  expect(systemRandom.bytes(16)).not.toEqual(systemRandom.bytes(16))
  const drawn = systemRandom.float()
  expect(drawn).toBeGreaterThanOrEqual(0)
  expect(drawn).toBeLessThan(1)
})

test("a clock that jumps ahead is a wake-up; ticks in time, a small delay and a clock set back are none", () => {
  const woken = vi.fn()
  const stop = watchForSleep(woken)
  vi.advanceTimersByTime(60_000)
  vi.setSystemTime(Date.now() + 4_000)
  vi.advanceTimersByTime(10_000)
  vi.setSystemTime(Date.now() - 3_600_000)
  vi.advanceTimersByTime(10_000)
  expect(woken).not.toHaveBeenCalled()
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(10_000)
  expect(woken).toHaveBeenCalledTimes(1)
  stop()
  expect(vi.getTimerCount()).toBe(0)
})
