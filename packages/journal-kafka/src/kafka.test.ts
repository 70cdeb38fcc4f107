import { expect, test } from "vitest"
import { kafka } from "./kafka.ts"

test.each([
  [{ brokers: ["localhost"] }, "brokers"],
  [{ brokers: [] }, "brokers"],
  [{ brokers: ["localhost:1"], name: "" }, "name"],
  [{ brokers: ["localhost:1"], partitions: 257 }, "partitions"],
  [{ brokers: ["localhost:1"], replicas: 0 }, "replicas"],
  [{ brokers: ["localhost:1"], appendMs: Number.NaN }, "appendMs"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => kafka(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before a server opens it", () => {
  expect(kafka({ brokers: ["localhost:9092"] }).name).toBe("kafka")
})
