import { expect, it } from "vitest"
import { fakeClock } from "./fake-clock.ts"

it("what is awaited through the clock gets the time that it needs, and no more than it may have", async () => {
  const clock = fakeClock()
  const after = (ms: number) => new Promise<number>((resolve) => clock.setTimer(ms, () => resolve(ms)))
  expect(await clock.done(after(3_000))).toBe(3_000)
  expect(clock.monotonic()).toBe(3_000)
  await expect(clock.done(after(100).then(() => Promise.reject(new Error("refused"))))).rejects.toThrow("refused")
  await expect(clock.done(after(2_000), 1_000)).rejects.toThrow("within 1000 ms")
})

it("what can never end fails at once where nothing is left to happen", async () => {
  await expect(fakeClock().done(new Promise(() => {}))).rejects.toThrow("nothing is left to happen")
})
