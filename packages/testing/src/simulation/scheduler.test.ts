import { expect, test } from "vitest"
import { seededRandom } from "../seeded-random.ts"
import { createScheduler } from "./scheduler.ts"

const scheduler = (seed = 1) => createScheduler(seededRandom(seed))

test("events run at their time, each with the promises and deferred tasks that it sets off", async () => {
  const { clock, run } = scheduler()
  const seen: string[] = []
  const a = clock("a")
  a.setTimer(20, () => seen.push(`second at ${a.monotonic()}`))
  a.setTimer(10, () => {
    void Promise.resolve().then(() => seen.push("promise"))
    a.defer(() => seen.push("deferred"))
    seen.push(`first at ${a.monotonic()}`)
  })
  await run(100)
  expect(seen).toEqual(["first at 10", "promise", "deferred", "second at 20"])
  expect(a.monotonic()).toBe(100)
})

test("events of one owner and moment keep their order, and between owners the seed decides", async () => {
  const orders = new Set<string>()
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, run } = scheduler(seed)
    const seen: string[] = []
    for (const event of ["a1", "b1", "a2", "b2", "a3"]) clock(event.charAt(0)).setTimer(5, () => seen.push(event))
    await run(10)
    expect(seen.filter((event) => event.startsWith("a"))).toEqual(["a1", "a2", "a3"])
    orders.add(seen.join(" "))
  }
  expect(orders.size).toBe(2)
})

test("a cancelled event does not run and does not count, and stops are taken between events", async () => {
  const simulated = scheduler()
  const clock = simulated.clock("a")
  let ran = 0
  const cancelled = clock.setTimer(5, () => ran++)
  for (const at of [6, 7, 8]) clock.setTimer(at, () => ran++)
  cancelled.cancel()
  cancelled.cancel()
  expect([simulated.pending, [...simulated.owners]]).toEqual([3, ["a"]])
  await simulated.run(100, () => ran === 2)
  expect([ran, simulated.pending, simulated.steps, simulated.monotonicMs]).toEqual([2, 1, 2, 7])
})
