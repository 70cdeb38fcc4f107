import { expect, test } from "vitest"
import { rabbitmqQueue } from "./rabbitmq-queue.ts"

const GOOD = { url: "amqp://localhost", queue: "orders" }

test.each([
  [{ url: "http://localhost" }, "url"],
  [{ queue: "" }, "queue"],
  [{ queue: "x".repeat(256) }, "queue"],
  [{ keyHeader: "" }, "keyHeader"],
  [{ prefetch: 0 }, "prefetch"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => rabbitmqQueue({ ...GOOD, ...options })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before somebody reads or writes", () => {
  expect(rabbitmqQueue(GOOD).name).toBe("rabbitmq:orders")
})
