import { ALL_FAULT_KINDS } from "./faults/fault-kinds.ts"
import { COMPARED_RUNS, runCompared } from "./isolation/run-compared.ts"
import type { Plan } from "./plan.ts"
import { type RunOptions, type RunResult, runPlan } from "./run-plan.ts"

export interface ShrinkOptions {
  /** Runs to spend. Default 400. */
  readonly budget?: number
  /** How the broken run was run. */
  readonly run?: RunOptions
}

/** The smallest plan found that breaks the same invariant, and what its run came to. */
export interface Shrunk {
  readonly plan: Plan
  readonly result: RunResult
  readonly runs: number
}

/** Leaves out faults and work, halves first and then one by one, shortens what is left, and leaves out clients, as long as the same invariant breaks. */
export async function shrink(plan: Plan, broken: RunResult, { budget = 400, run = {} }: ShrinkOptions = {}): Promise<Shrunk> {
  const invariant = broken.violation?.invariant
  const [again, cost] = invariant === "I19" ? [runCompared, COMPARED_RUNS] : [runPlan, 1]
  let best = { plan, result: broken }
  let runs = 0

  async function keepIfBroken(candidate: Plan): Promise<boolean> {
    if (runs >= budget) return false
    runs += cost
    const result = await again(candidate, run)
    if (result.violation === undefined || result.violation.invariant !== invariant) return false
    best = { plan: candidate, result }
    return true
  }

  async function without(part: "faults" | "actions"): Promise<void> {
    for (let size = Math.ceil(best.plan[part].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < best.plan[part].length; ) {
        const rest = [...best.plan[part].slice(0, from), ...best.plan[part].slice(from + size)]
        if (!(await keepIfBroken({ ...best.plan, [part]: rest }))) from += size
        if (runs >= budget) return
      }
    }
  }

  async function shorter(): Promise<void> {
    for (let index = 0; index < best.plan.faults.length; index++) {
      const halved = best.plan.faults.map((fault, at) => (at === index ? { ...fault, forMs: Math.floor(fault.forMs / 2) } : fault))
      if ((best.plan.faults[index]?.forMs ?? 0) > 0) await keepIfBroken({ ...best.plan, faults: halved })
    }
  }

  /** The last one first: those before it keep their places. */
  async function fewerClients(): Promise<void> {
    for (let last = best.plan.setup.clients - 1; last > 0; last--) {
      const { setup, actions, faults } = best.plan
      const candidate = {
        ...best.plan,
        setup: { ...setup, clients: last },
        actions: actions.filter(({ client }) => client < last),
        faults: faults.filter(({ kind, target }) => ALL_FAULT_KINDS[kind].on !== "client" || target < last),
      }
      if (!(await keepIfBroken(candidate))) return
    }
  }

  await without("faults")
  await without("actions")
  await without("faults")
  await shorter()
  await fewerClients()
  return { ...best, runs }
}
