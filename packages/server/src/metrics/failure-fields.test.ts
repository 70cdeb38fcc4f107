import { describe, expect, it } from "vitest"
import { failureFields } from "./failure-fields.ts"

describe("failure fields", () => {
  it("[F43] name the error and its first frame, and never its message", () => {
    const { failure, at } = failureFields(new RangeError("secret\n    at secret (secret.ts:1:1)"))
    expect(failure).toBe("RangeError")
    expect(at).toMatch(/^at .*failure-fields\.test\.ts/)
    expect(at).not.toContain("secret")
  })

  it("say of what is no error only its type", () => {
    expect(failureFields("secret")).toEqual({ failure: "string", at: undefined })
    expect(failureFields(undefined)).toEqual({ failure: "undefined", at: undefined })
  })

  it("do without a stack", () => {
    const error = new Error("secret")
    delete error.stack
    expect(failureFields(error)).toEqual({ failure: "Error", at: undefined })
  })
})
