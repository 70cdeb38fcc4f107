import { expect, test } from "vitest"
import { kafkaTopic } from "./kafka-topic.ts"

const GOOD = { brokers: ["localhost:9092"], topic: "orders" }

test.each([
  [{ brokers: ["localhost"] }, "brokers"],
  [{ topic: "" }, "topic"],
  [{ topic: "a/b" }, "topic"],
  [{ group: "" }, "group"],
  [{ start: "middle" as "oldest" }, "start"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => kafkaTopic({ ...GOOD, ...options })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before somebody reads or writes", () => {
  expect(kafkaTopic(GOOD).name).toBe("kafka:orders")
})
