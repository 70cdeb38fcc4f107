/** Runs of a model in `npm test`. */
const RUNS = 200
const SEED = 20_260_101

/**
 * How often a model is run, and from which seed: always the same in `npm test`; `node scripts/fuzz.mjs --models N --seed S`
 * says otherwise.
 */
export function modelRuns(): { readonly numRuns: number; readonly seed: number } {
  const { MODEL_RUNS, MODEL_SEED } = process.env
  return { numRuns: Number(MODEL_RUNS ?? RUNS), seed: Number(MODEL_SEED ?? SEED) }
}

/** More runs take longer than a test may. */
export const MODEL_PATIENCE = { timeout: process.env.MODEL_RUNS === undefined ? 120_000 : 2_147_483_647 }
