import { expect, test } from "vitest"

interface Figure {
  readonly name: string
  readonly value: number
  readonly owed?: { readonly atMost: number }
}

// Of a project of its own, which is not checked with ours.
const { persistentSize, supportWidgetSize } = await import(new URL("../bench/size/size.mjs", import.meta.url).href)

test.each([
  ["size/persistent", persistentSize],
  ["size/support-widget", supportWidgetSize],
])("%s is measured, compressed and not, and keeps to what is owed", async (name, benchmark) => {
  expect(benchmark.name).toBe(name)
  const [gzipped, minified] = (await benchmark.run()) as readonly [Figure, Figure]
  expect([gzipped.name, minified.name]).toEqual([name, `${name}/minified`])
  expect(gzipped.value).toBeGreaterThan(1_000)
  expect(gzipped.value).toBeLessThanOrEqual(Number(gzipped.owed?.atMost))
  expect(minified.value).toBeGreaterThan(gzipped.value)
})
