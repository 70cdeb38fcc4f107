import { describe, expect, it } from "vitest"
import { ERROR_CODES, isErrorCode, isMagpieError, MagpieError, toMagpieError } from "./errors.ts"
import { parseDown } from "./messages/down.ts"
import { ERROR_REMEDIES, remedyOf } from "./remedies.ts"

describe("the table of errors", () => {
  it.each(Object.entries(ERROR_CODES))("%s has a remedy that is a sentence and fits on the wire", (code, retryable) => {
    const remedy = ERROR_REMEDIES[code as keyof typeof ERROR_REMEDIES]
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(remedy).toMatch(/^[A-Z].{10,}\.$/)
    const reply = { type: "error", code, message: "m", remedy, retryable }
    expect(parseDown(reply)).toEqual(reply)
  })

  it("knows its own codes and no member of a prototype", () => {
    expect(isErrorCode("FORBIDDEN")).toBe(true)
    for (const value of ["forbidden", "toString", "__proto__", "", 1, null, undefined]) expect(isErrorCode(value)).toBe(false)
  })
})

describe("a MagpieError", () => {
  const cause = new Error("why")
  const error = new MagpieError("RATE_LIMITED", "too fast", { details: { limit: "x" }, retryAfterMs: 10, cause })

  it("carries code, reason, remedy, retryability, details and cause", () => {
    expect(error).toMatchObject({ name: "MagpieError", code: "RATE_LIMITED", message: "RATE_LIMITED: too fast", reason: "too fast", cause })
    expect(error).toMatchObject({ retryable: true, retryAfterMs: 10, details: { limit: "x" } })
    expect(remedyOf(error)).toBe(ERROR_REMEDIES.RATE_LIMITED)
    expect(remedyOf(new MagpieError("FORBIDDEN", "no", { remedy: "Ask Ann." }))).toBe("Ask Ann.")
  })

  it("is recognised across two copies of the package, and nothing else is", () => {
    const foreign = Object.assign(new Error("FORBIDDEN: no"), { name: "MagpieError", code: "FORBIDDEN" })
    expect(isMagpieError(foreign)).toBe(true)
    for (const value of [
      new Error("x"),
      { name: "MagpieError", code: "FORBIDDEN" },
      Object.assign(new Error("x"), { code: "FORBIDDEN" }),
      null,
    ]) {
      expect(isMagpieError(value)).toBe(false)
    }
  })

  it("passes through, while anything else becomes INTERNAL without telling its text", () => {
    expect(toMagpieError(error)).toBe(error)
    const wrapped = toMagpieError(new Error("password is hunter2"))
    expect(wrapped).toMatchObject({ code: "INTERNAL", message: expect.not.stringContaining("hunter2") })
    expect(wrapped.cause).toBeInstanceOf(Error)
  })
})
