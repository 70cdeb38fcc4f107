import { expect, test } from "vitest"
import { planOf } from "./plan.ts"
import { runPlan } from "./run-plan.ts"
import { shrink } from "./shrink.ts"

/** Seeds of every run of the tests; `npm run sim` runs more, and other ones. */
const SEEDS = 16

test("a plan gives the same run, event by event, and another seed another one", async () => {
  const once = await runPlan(planOf(3))
  expect(await runPlan(planOf(3))).toEqual(once)
  expect((await runPlan(planOf(4))).hash).not.toBe(once.hash)
})

test("a plan is data: it survives being kept as a file", async () => {
  const plan = planOf(5)
  expect((await runPlan(JSON.parse(JSON.stringify(plan)))).hash).toBe((await runPlan(plan)).hash)
})

test("leaving out a fault changes nothing that happened before it", async () => {
  const plan = planOf(6)
  const last = plan.faults.at(-1)
  const events = async (faults: typeof plan.faults): Promise<string[]> => {
    const told: string[] = []
    const tell = (atMs: number, who: string, what: string) => atMs < (last?.at ?? 0) && told.push(`${atMs} ${who} ${what}`)
    await runPlan({ ...plan, faults }, { tell })
    return told
  }
  expect(await events(plan.faults.slice(0, -1))).toEqual(await events(plan.faults))
})

test("a failing plan is shrunk to what breaks it", async () => {
  const plan = planOf(7)
  const limits = { maxSteps: 300 }
  const broken = await runPlan(plan, limits)
  expect(broken.violation?.invariant).toBe("I25")
  const { plan: small, result } = await shrink(plan, broken, { budget: 60, run: limits })
  expect(result.violation?.invariant).toBe("I25")
  expect(small.faults.length + small.actions.length).toBeLessThan((plan.faults.length + plan.actions.length) / 4)
  expect(small.setup.clients).toBeLessThan(plan.setup.clients)
})

test(`[G1] [G2] [G3] [G4] [G5] [G6] [G10] [G11] [G12] hold in ${SEEDS} seeds of faults`, { timeout: 300_000 }, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect((await runPlan(planOf(seed))).violation, `seed ${seed}`).toBeUndefined()
})
