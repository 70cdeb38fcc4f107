import { fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import { Bounded } from "./bounded.ts"

const LIMIT_MS = 1_000

test("waits for as long as something moves on, and gives it up with UNAVAILABLE when it does not", async () => {
  const { clock } = fakeEnv()
  const bounded = new Bounded(clock)
  let step = (): void => {}
  let outcome: unknown = "open"
  const waiting = bounded.within(LIMIT_MS, "the store", (moved) => {
    step = moved
    return new Promise<never>(() => {})
  })
  waiting.catch((error: unknown) => {
    outcome = String(error)
  })
  for (let time = 0; time < 5; time++) {
    await clock.advance(LIMIT_MS - 1)
    step()
  }
  expect(outcome).toBe("open")
  await clock.advance(LIMIT_MS)
  expect(outcome).toMatch(/UNAVAILABLE: the store/)
  step()
  expect(clock.pendingTimers).toBe(0)
})

test("[G12] ends every wait at the close, and leaves no timer behind whatever the outcome was", async () => {
  const { clock } = fakeEnv()
  const bounded = new Bounded(clock)
  await expect(bounded.within(LIMIT_MS, "it", () => Promise.resolve(7))).resolves.toBe(7)
  await expect(bounded.within(LIMIT_MS, "it", () => Promise.reject(new Error("its own")))).rejects.toThrow("its own")
  const throws = (): Promise<never> => {
    throw new Error("at once")
  }
  await expect(bounded.within(LIMIT_MS, "it", throws)).rejects.toThrow("at once")
  expect(clock.pendingTimers).toBe(0)
  const open = bounded.within(LIMIT_MS, "it", () => new Promise(() => {}))
  bounded.close()
  await expect(open).rejects.toMatchObject({ code: "CLOSED" })
  await expect(bounded.within(LIMIT_MS, "it", () => Promise.resolve(7))).rejects.toMatchObject({ code: "CLOSED" })
  expect(clock.pendingTimers).toBe(0)
})
