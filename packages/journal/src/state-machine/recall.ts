/** What is forgotten at a moment: everything not younger than `cutoff`, which is the machine's time less the window. */
export interface Recall {
  readonly cutoff: number
  readonly windowMs: number
}

const STEPS_PER_WINDOW = 24
const SHORTEST_STEP_MS = 1_000

/** Rounds a time up to the step in which things are forgotten together, so that a busy producer is looked at seldom. */
export function roundedUp(at: number, windowMs: number): number {
  const step = Math.max(SHORTEST_STEP_MS, Math.floor(windowMs / STEPS_PER_WINDOW))
  return Math.ceil(at / step) * step
}
