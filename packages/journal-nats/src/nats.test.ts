import { expect, test } from "vitest"
import { nats } from "./nats.ts"

test.each([
  [{ servers: [] }, "servers"],
  [{ servers: "localhost", name: "a.b" }, "name"],
  [{ servers: "localhost", partitions: 2.5 }, "partitions"],
  [{ servers: "localhost", replicas: 2 }, "replicas"],
  [{ servers: "localhost", appendMs: -1 }, "appendMs"],
] as const)("refuses %o and names the option", (options, option) => {
  expect(() => nats(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})

test("connects to nothing before a server opens it", () => {
  expect(nats({ servers: ["localhost:4222", "localhost:4223"] }).name).toBe("nats")
})
