import * as v from "valibot"
import { describe, expect, it, vi } from "vitest"
import { z } from "zod"
import { broadcast, type MessageSchemas } from "./kinds.ts"
import { validateMessage } from "./validate.ts"

const libraries: { name: string; messages: MessageSchemas }[] = [
  {
    name: "zod",
    messages: {
      say: z.object({ text: z.string().max(5), at: z.object({ x: z.number() }).optional() }),
      count: z.string().transform(Number),
    },
  },
  {
    name: "valibot",
    messages: {
      say: v.object({ text: v.pipe(v.string(), v.maxLength(5)), at: v.optional(v.object({ x: v.number() })) }),
      count: v.pipe(v.string(), v.transform(Number)),
    },
  },
]

describe.each(libraries)("with $name", ({ messages }) => {
  const kind = broadcast({ messages })

  it("returns what the schema made of the data", () => {
    expect(validateMessage(kind, "say", { text: "hi" })).toEqual({ text: "hi" })
    expect(validateMessage(kind, "count", "12")).toBe(12)
  })

  it("refuses wrong data with BAD_REQUEST and names the field", () => {
    const wrong = (data: unknown) => () => validateMessage(kind, "say", data)
    expect(wrong({ text: "too long" })).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
    expect(wrong({ text: 1 })).toThrowError(expect.objectContaining({ details: expect.objectContaining({ field: "data.text" }) }))
    expect(wrong({ text: "a", at: { x: "1" } })).toThrowError(
      expect.objectContaining({ details: expect.objectContaining({ field: "data.at.x" }) }),
    )
    expect(wrong(null)).toThrowError(expect.objectContaining({ details: expect.objectContaining({ field: "data" }) }))
  })

  it.each(["shout", "toString", "__proto__", "constructor", ""])("refuses the message %s, which the channel does not have", (name) => {
    expect(() => validateMessage(kind, name, {})).toThrowError(
      expect.objectContaining({ code: "BAD_REQUEST", details: { field: "name", allowed: ["say", "count"] } }),
    )
  })
})

describe("schemas that misbehave", () => {
  it.each([
    ["zod", z.string().refine(async () => true)],
    [
      "valibot",
      v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    ],
  ])("refuses an asynchronous schema of %s with INVALID_OPTIONS", (_name, schema) => {
    const kind = broadcast({ messages: { say: schema } })
    expect(() => validateMessage(kind, "say", "a")).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })

  it("[G11] leaves no rejection behind when an asynchronous schema fails later", async () => {
    const unhandled = vi.fn()
    process.once("unhandledRejection", unhandled)
    const validate = () => Promise.reject(new Error("later"))
    const kind = broadcast({ messages: { say: { "~standard": { version: 1, vendor: "test", validate } } } })
    expect(() => validateMessage(kind, "say", "a")).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS" }))
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it("tells of at most five problems, cut to a length", () => {
    const issues = Array.from({ length: 50 }, () => ({ message: "x".repeat(10_000), path: ["k".repeat(10_000)] }))
    const kind = broadcast({ messages: { say: { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } } })
    try {
      validateMessage(kind, "say", 1)
      expect.unreachable("the data was taken")
    } catch (error) {
      expect(JSON.stringify((error as { details: unknown }).details).length).toBeLessThan(3_000)
    }
  })
})
