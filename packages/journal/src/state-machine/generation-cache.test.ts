import { expect, test } from "vitest"
import { GenerationCache } from "./generation-cache.ts"

test("keeps what was used since the last generation and lets go of the rest, only when told to age", () => {
  const cache = new GenerationCache<number>(3)
  for (let key = 0; key < 10; key++) cache.set(`${key}`, key)
  expect(cache.get("0")).toBe(0)
  cache.age()
  expect(cache.get("0")).toBe(0)
  for (let key = 10; key < 13; key++) cache.set(`${key}`, key)
  cache.age()
  expect([cache.get("0"), cache.get("1"), cache.get("12")]).toEqual([0, undefined, 12])
  cache.clear()
  expect(cache.get("12")).toBeUndefined()
})
