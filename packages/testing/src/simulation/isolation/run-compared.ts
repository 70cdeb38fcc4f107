import { Violation } from "../judge/violation.ts"
import type { Plan } from "../plan.ts"
import { type RunOptions, type RunResult, runPlan } from "../run-plan.ts"
import { compareResults } from "./compare-results.ts"
import type { HonestResults } from "./honest-results.ts"

/** How many runs that takes. */
export const COMPARED_RUNS = 4

/**
 * Runs a plan and looks whether its hostile client changed anything for the others [I19]: once with its faults, and once without
 * any, where also the time that an acknowledgement takes can be compared. The result is that of the plan itself.
 */
export async function runCompared(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const result = await runPair(plan, options)
  if (result.violation !== undefined) return result
  const { violation } = await runPair(withoutFaults(plan), { ...options, tell: undefined })
  return { ...result, violation }
}

async function runPair(plan: Plan, { tell, ...options }: RunOptions): Promise<RunResult> {
  const results: HonestResults[] = []
  const onHealed = (honest: HonestResults): void => void results.push(honest)
  const result = await runPlan(plan, { ...options, tell, onHealed })
  if (result.violation !== undefined) return result
  const { violation } = await runPlan(withoutHostile(plan), { ...options, onHealed })
  if (violation !== undefined) return brokenBy(result, new Violation("I19", `without the hostile client: ${violation.message}`))
  const [beset, alone] = results
  try {
    if (beset !== undefined && alone !== undefined) compareResults(plan, beset, alone)
  } catch (failure) {
    if (!(failure instanceof Violation)) throw failure
    return brokenBy(result, failure)
  }
  return result
}

function brokenBy(result: RunResult, { invariant, message }: Violation): RunResult {
  return { ...result, violation: { invariant, message, atMs: 0 } }
}

function withoutHostile(plan: Plan): Plan {
  return { ...plan, actions: plan.actions.filter((action) => action.do !== "hostile") }
}

/** The first half of the work with nothing going wrong: without faults the second half is no different. */
function withoutFaults(plan: Plan): Plan {
  const durationMs = plan.setup.durationMs / 2
  return { ...plan, setup: { ...plan.setup, durationMs }, actions: plan.actions.filter(({ at }) => at < durationMs), faults: [] }
}
