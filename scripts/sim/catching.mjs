// How soon a planted defect is told: by the first seed that it breaks and that the sound sources pass.

/**
 * `seeds` is how many it took, the one that told included; Infinity where none did. `unsound` are seeds that broke with the
 * defect and without it: they tell nothing, and are not counted.
 * @typedef {{ seeds: number, invariant: string | undefined, unsound: readonly number[] }} Attempt
 * @typedef {{ seed: number, invariant: string }} Broken
 * @typedef {(first: number, seeds: number) => Promise<Broken | undefined>} FindBroken the first of so many seeds that breaks
 */

/**
 * @param {{ planted: FindBroken, isSound: (seed: number) => Promise<boolean>, first: number, most: number }} options
 * @returns {Promise<Attempt>}
 */
export async function seedsToCatch({ planted, isSound, first, most }) {
  /** @type {number[]} */
  const unsound = []
  const end = first + most
  for (let from = first; from < end; ) {
    const broken = await planted(from, end - from)
    if (broken === undefined) break
    const { seed, invariant } = broken
    if (await isSound(seed)) return { seeds: seed - first + 1, invariant, unsound }
    unsound.push(seed)
    from = seed + 1
  }
  return { seeds: Number.POSITIVE_INFINITY, invariant: undefined, unsound }
}

/**
 * A defect is caught only where every attempt has caught it.
 * @param {string} name
 * @param {readonly Attempt[]} attempts
 */
export function summaryOf(name, attempts) {
  const seeds = attempts.map((attempt) => attempt.seeds)
  const medianSeeds = [...seeds].sort((a, b) => a - b)[Math.floor(seeds.length / 2)] ?? Number.POSITIVE_INFINITY
  const invariants = [...new Set(attempts.map(({ invariant }) => invariant).filter((told) => told !== undefined))]
  const unsound = attempts.flatMap((attempt) => attempt.unsound)
  return { name, caught: seeds.every(Number.isFinite), medianSeeds, seeds, invariants, unsound }
}
