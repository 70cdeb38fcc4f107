import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"

interface Defect {
  readonly name: string
  readonly file: string
}

const script = (name: string) => import(new URL(`../scripts/sim/${name}.mjs`, import.meta.url).href)
const { DEFECTS }: { DEFECTS: readonly Defect[] } = await script("defects")
const { plant }: { plant(defect: Defect, source: string): string } = await script("bundle")
interface Broken {
  readonly seed: number
  readonly invariant: string
}
interface Attempt {
  readonly seeds: number
  readonly invariant: string | undefined
  readonly unsound: readonly number[]
}
interface Catching {
  seedsToCatch(options: {
    planted(first: number, seeds: number): Promise<Broken | undefined>
    isSound(seed: number): Promise<boolean>
    first: number
    most: number
  }): Promise<Attempt>
  summaryOf(name: string, attempts: readonly Attempt[]): { caught: boolean; medianSeeds: number; invariants: readonly string[] }
}
const { seedsToCatch, summaryOf } = (await script("catching")) as Catching
const source = (file: string): string => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8")

test.each(DEFECTS)("the planted defect $name fits the sources as they are", (defect) => {
  const sound = source(defect.file)
  expect(plant(defect, sound)).not.toBe(sound)
})

test("there are at least 25 planted defects, each with a name of its own", () => {
  expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(DEFECTS.length)
  expect(DEFECTS.length).toBeGreaterThanOrEqual(25)
})

describe("a planted defect", () => {
  /** Seeds that break with the defect, and those of them that break without it too. */
  const attempt = (breaking: readonly number[], unsound: readonly number[] = []) =>
    seedsToCatch({
      first: 3_001,
      most: 100,
      planted: async (first, seeds) => {
        const seed = breaking.find((each) => each >= first && each < first + seeds)
        return seed === undefined ? undefined : { seed, invariant: `I${seed}` }
      },
      isSound: async (seed) => !unsound.includes(seed),
    })

  test("is caught by the first seed that it breaks, counted from the first of the attempt", async () => {
    expect(await attempt([3_007, 3_009])).toEqual({ seeds: 7, invariant: "I3007", unsound: [] })
  })

  test("is not caught by a seed that the sound sources break too", async () => {
    expect(await attempt([3_007, 3_009], [3_007])).toEqual({ seeds: 9, invariant: "I3009", unsound: [3_007] })
    expect(await attempt([3_007], [3_007])).toMatchObject({ seeds: Number.POSITIVE_INFINITY, unsound: [3_007] })
  })

  test("has survived an attempt that takes more seeds than it may", async () => {
    expect(await attempt([3_100])).toMatchObject({ seeds: 100 })
    expect(await attempt([3_101])).toMatchObject({ seeds: Number.POSITIVE_INFINITY, invariant: undefined })
    expect(await attempt([3_007, 3_101], [3_007])).toMatchObject({ seeds: Number.POSITIVE_INFINITY, unsound: [3_007] })
  })

  test("is caught where every attempt has caught it, and survives where one has not", () => {
    const told = (seeds: number): Attempt => ({ seeds, invariant: Number.isFinite(seeds) ? "I1" : undefined, unsound: [] })
    expect(summaryOf("x", [told(9), told(2), told(30)])).toMatchObject({ caught: true, medianSeeds: 9, invariants: ["I1"] })
    expect(summaryOf("x", [told(9), told(Number.POSITIVE_INFINITY), told(2)])).toMatchObject({ caught: false, medianSeeds: 9 })
  })
})
