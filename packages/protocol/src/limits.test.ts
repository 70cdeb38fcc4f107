import { expect, it } from "vitest"
import { CLOSE_CODES } from "./close-codes.ts"
import { isErrorCode } from "./errors.ts"
import { DEFAULT_LIMITS, LIMITS } from "./limits.ts"
import { DOWN_SHAPES } from "./messages/down.ts"

it.each(Object.entries(LIMITS))("%s has a positive default and an answer that exists", (_name, { value, answer, about }) => {
  expect(value).toBeGreaterThan(0)
  expect(Number.isSafeInteger(value)).toBe(true)
  expect(about).toMatch(/^[A-Za-z].*[^.]$/)
  const [kind, name = ""] = answer.split(" ")
  if (kind === "close") expect(Object.keys(CLOSE_CODES)).toContain(name)
  else if (kind === "http") expect(Number(name)).toBeGreaterThanOrEqual(400)
  else if (kind === "gap" || kind === "watched" || kind === "members" || kind === "versions") expect(DOWN_SHAPES.has(answer)).toBe(true)
  else if (kind === "later" || kind === "forgotten") expect(answer).toBe(kind)
  else expect(isErrorCode(answer)).toBe(true)
})

it("gives every limit its default, and no caller can change them", () => {
  expect(Object.keys(DEFAULT_LIMITS)).toEqual(Object.keys(LIMITS))
  expect(DEFAULT_LIMITS.queuedBytes).toBe(262_144)
  expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true)
})
