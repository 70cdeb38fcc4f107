/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seeded(seed: string): () => number {
  let state = 0x811c9dc5
  for (let index = 0; index < seed.length; index++) state = Math.imul(state ^ seed.charCodeAt(index), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** A number around 0 with a standard deviation of 1, at most 3.5 away: the sum of twelve, as good as normal here. */
export function aroundZero(random: () => number): number {
  let sum = -6
  for (let draws = 0; draws < 12; draws++) sum += random()
  return Math.max(-3.5, Math.min(3.5, sum))
}
