import { getEventListeners } from "node:events"
import { fakeClock, seededRandom } from "@magpie/testing"
import { expect, test } from "vitest"
import { abortable } from "./abort.ts"
import { createSchedule } from "./schedule.ts"

function made() {
  const clock = fakeClock()
  const schedule = createSchedule({ clock, random: seededRandom(1) }, { initialMs: 500, maxMs: 20_000 })
  return { clock, schedule, controller: new AbortController() }
}

test("leaves neither timer nor listener, however it ends", async () => {
  const ends = ["resolve", "reject", "abort", "time"] as const
  for (const how of ends) {
    const { clock, schedule, controller } = made()
    let withdrawn = 0
    const patience = { signal: controller.signal, timeoutMs: 1_000 }
    const outcome = abortable<string>(
      schedule,
      patience,
      (resolve, reject) => {
        if (how === "resolve") resolve("done")
        if (how === "reject") reject(new Error("refused") as never)
      },
      () => withdrawn++,
    ).catch((error) => error.code ?? error.message)
    if (how === "abort") controller.abort()
    if (how === "time") await clock.advance(1_000)
    expect(await outcome).toBe({ resolve: "done", reject: "refused", abort: "ABORTED", time: "TIMEOUT" }[how])
    expect(withdrawn).toBe(how === "abort" || how === "time" ? 1 : 0)
    expect(clock.pendingTimers).toBe(0)
    expect(getEventListeners(controller.signal, "abort")).toEqual([])
  }
})

test("begins nothing when the signal has fired already, and tells why it did", async () => {
  const { schedule } = made()
  let begun = false
  const outcome = abortable(schedule, { signal: AbortSignal.abort("why") }, () => {
    begun = true
  })
  await expect(outcome).rejects.toMatchObject({ code: "ABORTED", cause: "why" })
  expect(begun).toBe(false)
})
