import { describe, expect, it } from "vitest"
import { wavesOf } from "./waves.ts"

/** So many attempts in each half second, spread evenly. */
function attempts(slots: readonly number[]): number[] {
  return slots.flatMap((count, slot) => Array.from({ length: count }, (_, index) => slot * 500 + (index * 500) / count))
}

describe("attempts to connect after a cut", () => {
  it("are counted as rates, first ones and those that followed a failed one", () => {
    const waves = wavesOf({ first: attempts([300, 200]), retries: attempts([0, 10, 40, 0, 5]) }, 100)
    expect(waves).toEqual({ perSecond: [600, 420, 80, 0, 10], firstPeak: 600, retryPeak: 80, secondWave: false })
  })

  it("[F79] are no second wave while retries are few, or no more than the server takes", () => {
    const first = attempts([1_000, 600])
    expect(wavesOf({ first, retries: attempts([0, 200, 400, 300]) }, 100).secondWave).toBe(false)
    expect(wavesOf({ first, retries: attempts([0, 0, 900]) }, 1_800).secondWave).toBe(false)
    expect(wavesOf({ first: [], retries: [] }, 100).secondWave).toBe(false)
  })

  it("[F79] are a second wave where those who failed come back together, also after a silence", () => {
    const first = attempts([1_000, 600])
    for (const retries of [
      [0, 900],
      [0, 0, 0, 600],
      [0, 100, 500, 100],
    ]) {
      expect(wavesOf({ first, retries: attempts(retries) }, 100).secondWave, String(retries)).toBe(true)
    }
  })
})
