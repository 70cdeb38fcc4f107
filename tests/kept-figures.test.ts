import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"

interface Caught {
  readonly name: string
  readonly caught: boolean
  readonly medianSeeds: number
  readonly seeds: readonly number[]
  readonly invariants: readonly string[]
}

const script = (name: string) => import(new URL(`../scripts/sim/${name}.mjs`, import.meta.url).href)
const { keepRuns, keepPlanted, keepFuzz } = (await script("keep")) as {
  keepRuns(root: string, summary: object, run: { firstSeed: number; seconds: number }): Promise<string>
  keepPlanted(root: string, results: readonly Caught[], firstSeeds: readonly number[]): Promise<string>
  keepFuzz(root: string, figures: object): Promise<string>
}
const { DEFECTS }: { DEFECTS: readonly { readonly name: string }[] } = await script("defects")

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "magpie-kept-"))
  mkdirSync(join(root, "docs"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const file = () => join(root, "docs/simulation.json")
const kept = () => JSON.parse(readFileSync(file(), "utf8"))
const SUMMARY = {
  seeds: 2,
  steps: 9,
  operations: 5,
  faults: 3,
  faultsByKind: { reset: 3 },
  violations: 0,
  hash: "abc",
  sometimes: { x: 1 },
}
const FIRST = [1, 11]
const defect = (index: number): string => DEFECTS[index]?.name ?? ""
const result = (index: number, medianSeeds = 1): Caught => ({
  name: defect(index),
  caught: Number.isFinite(medianSeeds),
  medianSeeds,
  seeds: [medianSeeds, 1, medianSeeds],
  invariants: Number.isFinite(medianSeeds) ? ["I1"] : [],
})

it("seeds are kept with their date, machine and command, and the planted defects stay", async () => {
  await keepPlanted(root, [result(0)], FIRST)
  await keepRuns(root, SUMMARY, { firstSeed: 7, seconds: 1.23456789 })
  const { sometimes: _, ...figures } = SUMMARY
  expect(kept()).toEqual({
    planted: [expect.objectContaining({ defects: [result(0)] })],
    runs: {
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      machine: expect.objectContaining({ node: process.version, cores: expect.any(Number) }),
      command: expect.stringMatching(/^npm run sim/),
      firstSeed: 7,
      seconds: 1.23457,
      ...figures,
    },
  })
})

it("inputs are kept with their date, machine and command, and the rest stays", async () => {
  await keepRuns(root, SUMMARY, { firstSeed: 1, seconds: 1 })
  const figures = { inputs: 9, targets: 2, failures: 0, seconds: 1, slowestMsPer64KiB: 3, mostTimesTheLimit: 2, mostTimesInAll: 9 }
  await keepFuzz(root, figures)
  expect(kept()).toEqual({ runs: expect.objectContaining({ seeds: 2 }), fuzz: { ...kept().fuzz, ...figures } })
  expect(kept().fuzz).toMatchObject({
    date: expect.any(String),
    machine: { node: process.version },
    command: expect.stringMatching(/^npm run sim/),
  })
})

it("planted defects are kept with those that survived, and the seeds stay", async () => {
  await keepRuns(root, SUMMARY, { firstSeed: 1, seconds: 1 })
  await keepPlanted(root, [result(0), result(1, Number.POSITIVE_INFINITY)], FIRST)
  expect(kept().runs.seeds).toBe(2)
  expect(kept().planted).toEqual([
    {
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      machine: expect.objectContaining({ node: process.version }),
      command: expect.stringMatching(/^npm run sim/),
      firstSeeds: FIRST,
      defects: [result(0), { name: defect(1), caught: false, medianSeeds: null, seeds: [null, 1, null], invariants: [] }],
    },
  ])
})

it("a defect stands under the run that wrote it last, and the others keep theirs with its date, command and first seeds", async () => {
  await keepPlanted(root, [result(0, 5), result(2, 6)], FIRST)
  const [run] = kept().planted
  const earlier = { ...run, date: "2025-01-02", command: "npm run sim -- --planted" }
  writeFileSync(file(), JSON.stringify({ planted: [earlier] }))
  await keepPlanted(root, [result(2, 9)], FIRST)
  await keepPlanted(root, [result(1, 7)], FIRST)
  expect(kept().planted).toEqual([
    { ...earlier, defects: [result(0, 5)] },
    { ...run, defects: [result(1, 7), result(2, 9)] },
  ])
  await keepPlanted(root, [result(0, 4)], FIRST)
  expect(kept().planted).toEqual([{ ...run, defects: [result(0, 4), result(1, 7), result(2, 9)] }])
  await keepPlanted(root, [result(1, 8)], [5, 15])
  expect(kept().planted).toEqual([
    { ...run, defects: [result(0, 4), result(2, 9)] },
    { ...run, firstSeeds: [5, 15], defects: [result(1, 8)] },
  ])
})

it("a defect that is no longer planted is not kept", async () => {
  await keepPlanted(root, [{ ...result(0), name: "mended-by-nobody" }, result(1)], FIRST)
  await keepPlanted(root, [result(2)], FIRST)
  expect(kept().planted[0].defects).toEqual([result(1), result(2)])
})
