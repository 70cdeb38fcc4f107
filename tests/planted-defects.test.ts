import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

interface Defect {
  readonly name: string
  readonly file: string
}

const script = (name: string) => import(new URL(`../scripts/sim/${name}.mjs`, import.meta.url).href)
const { DEFECTS }: { DEFECTS: readonly Defect[] } = await script("defects")
const { plant }: { plant(defect: Defect, source: string): string } = await script("bundle")
const source = (file: string): string => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8")

test.each(DEFECTS)("the planted defect $name fits the sources as they are", (defect) => {
  const sound = source(defect.file)
  expect(plant(defect, sound)).not.toBe(sound)
})

test("there are at least 25 planted defects, each with a name of its own", () => {
  expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(DEFECTS.length)
  expect(DEFECTS.length).toBeGreaterThanOrEqual(25)
})
