import { expect, test } from "vitest"
import { rabbitmq } from "./rabbitmq.ts"

test.each([
  [{ url: "localhost" }, "url"],
  [{ url: "amqp://localhost", name: "/" }, "name"],
  [{ url: "amqp://localhost", partitions: 0 }, "partitions"],
  [{ url: "amqp://localhost", maxBytes: 0 }, "maxBytes"],
  [{ url: "amqp://localhost", appendMs: 0 }, "appendMs"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => rabbitmq(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before a server opens it", () => {
  expect(rabbitmq({ url: "amqps://localhost" }).name).toBe("rabbitmq")
})
