import { expect, test } from "vitest"
import { type Action, type Fault, type Plan, planOf } from "./plan.ts"
import { runPlan } from "./run-plan.ts"

const { setup } = planOf(1)
const quiet: Plan = { seed: 1, setup: { ...setup, nodes: 3, clients: 3, tokenLifeMs: 3_600_000 }, actions: [], faults: [] }
const at = (kind: Fault["kind"], forMs = 0): Fault => ({ at: 1_000, kind, target: 0, forMs, amount: 0.5 })
const publishes: Action[] = [0, 1, 2].flatMap((client) =>
  [1_100, 1_200, 1_300, 1_400].map((when): Action => ({ at: when, client, do: "publish", channel: "chat/a" })),
)

test.each([
  ["lost-acks", 0],
  ["late-appends", 0],
  ["slow-link", 1_000],
  ["lost-frame", 1_000],
] as const)("%s lies in wait: it counts once it strikes work, and not before", async (kind, forMs) => {
  const faults = [at(kind, forMs)]
  expect((await runPlan({ ...quiet, faults })).faultsByKind).toEqual({})
  expect((await runPlan({ ...quiet, faults, actions: publishes })).faultsByKind).toEqual({ [kind]: 1 })
})

test("what strikes at once counts where somebody waits for something", async () => {
  const faults = [{ ...at("reset"), at: 1_101 }]
  expect((await runPlan({ ...quiet, faults })).faultsByKind).toEqual({})
  expect((await runPlan({ ...quiet, faults, actions: publishes })).faultsByKind).toEqual({ reset: 1 })
})
