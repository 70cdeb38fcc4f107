import { expect, test } from "vitest"
import { redis } from "./redis.ts"

test.each([
  [{ url: "http://localhost" }, "url"],
  [{ url: "redis://localhost", name: "a b" }, "name"],
  [{ url: "redis://localhost", partitions: 1 }, "partitions"],
  [{ url: "redis://localhost", appendMs: 0 }, "appendMs"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => redis(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before a server opens it", () => {
  expect(redis({ url: "redis://localhost" }).name).toBe("redis")
})
