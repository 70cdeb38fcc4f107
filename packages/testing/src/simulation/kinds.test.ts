import { expect, test } from "vitest"
import { planOf } from "./plan.ts"
import { runPlan } from "./run-plan.ts"

/** Seeds of every run of the tests, for each kind. */
const SEEDS = 4

test.each([
  ["[G6] [G7] hold where everybody writes and follows a table under faults", { tables: true }, "row-counted-up"],
  ["[G9] holds where a device is told what to do under faults", { commands: true }, "command-answered"],
] as const)(`%s (${SEEDS} seeds)`, { timeout: 300_000 }, async (_what, kinds, wanted) => {
  let reached = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, sometimes } = await runPlan(planOf(seed, kinds))
    expect(violation, `seed ${seed}`).toBeUndefined()
    reached += sometimes[wanted] ?? 0
  }
  expect(reached).toBeGreaterThan(SEEDS)
})
