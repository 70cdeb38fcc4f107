import { expect, test } from "vitest"
import { planOf } from "./plan.ts"
import { runPlan } from "./run-plan.ts"

/** Seeds of every run of the tests. */
const SEEDS = 8

test(`[G9] holds in ${SEEDS} seeds in which a device is told what to do under faults`, { timeout: 300_000 }, async () => {
  let answered = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, sometimes } = await runPlan(planOf(seed, { commands: true }))
    expect(violation, `seed ${seed}`).toBeUndefined()
    answered += sometimes["command-answered"] ?? 0
  }
  expect(answered).toBeGreaterThan(SEEDS)
})
