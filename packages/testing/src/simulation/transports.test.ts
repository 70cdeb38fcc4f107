import { expect, test } from "vitest"
import { planOf } from "./plan.ts"
import { runPlan } from "./run-plan.ts"

/** Seeds of every run of the tests. */
const SEEDS = 6

test(`[F91] [G1] [G2] [G3] [G4] [G10] [G11] [G12] hold in ${SEEDS} seeds while clients change transports under faults`, {
  timeout: 300_000,
}, async () => {
  let changes = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, faultsByKind } = await runPlan(planOf(seed, { transports: true }))
    expect(violation, `seed ${seed}`).toBeUndefined()
    changes += faultsByKind.middlebox ?? 0
  }
  expect(changes).toBeGreaterThan(SEEDS)
})
