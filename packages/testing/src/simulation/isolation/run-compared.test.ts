import { expect, test } from "vitest"
import { type Plan, planOf } from "../plan.ts"
import { runPlan } from "../run-plan.ts"
import { runCompared } from "./run-compared.ts"

function beginningOf({ setup, actions, faults, ...plan }: Plan, durationMs: number): Plan {
  const isEarly = ({ at }: { readonly at: number }): boolean => at < durationMs
  return { ...plan, setup: { ...setup, durationMs }, actions: actions.filter(isEarly), faults: faults.filter(isEarly) }
}

test("[G11] a hostile client changes nothing for the others, and looking for that changes nothing in the run", {
  timeout: 60_000,
}, async () => {
  const plan = beginningOf(planOf(40), 5_000)
  expect(plan.actions.some((action) => action.do === "hostile")).toBe(true)
  expect(await runCompared(plan)).toEqual(await runPlan(plan))
})
