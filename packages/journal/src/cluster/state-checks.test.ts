import { expect, test } from "vitest"
import { rightHash } from "./state-checks.ts"

const votes = (...hashes: readonly string[]): ReadonlyMap<string, string> => new Map(hashes.map((hash, index) => [`n${index}`, hash]))

test("believes what more than half of the nodes say, as soon as they have", () => {
  expect(rightHash(votes("x", "y"), 3)).toBeUndefined()
  expect(rightHash(votes("x", "y", "y"), 3)).toBe("y")
  expect(rightHash(votes("y", "y"), 3)).toBe("y")
  expect(rightHash(votes("x"), 1)).toBe("x")
})

test("believes the first that spoke where all have spoken and no half agrees", () => {
  expect(rightHash(votes("x", "y"), 2)).toBe("x")
  expect(rightHash(votes("x", "y", "z"), 3)).toBe("x")
  expect(rightHash(votes("x", "y", "z"), 4)).toBeUndefined()
})
