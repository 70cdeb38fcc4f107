import { type BrokerAdapter, brokerBus, brokerJournal, memorySnapshots } from "@magpie/journal"
import { contract, json, MagpieError, stream } from "@magpie/protocol"
import { expect, test } from "vitest"
import { anonymous } from "../access/identity.ts"
import { createServer } from "./create-server.ts"

const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })

/** A broker that answers to a connect as the test says. */
function adapter(connect: () => Promise<never>): BrokerAdapter {
  return {
    name: "fake",
    capabilities: { levels: ["memory"], trims: true, bus: "pub/sub" },
    openJournal: (env) => brokerJournal({ env, broker: { name: "fake", partitions: 2, trims: true, connect } }),
    openBus: (env) => brokerBus({ env, broker: { name: "fake-bus", connect } }),
  }
}

const start = (journal: BrokerAdapter) => createServer(app, { auth: anonymous(), journal, log: () => {} })

test("[G12] a close does not wait for a broker that never answers, and the listening ends with it", async () => {
  const server = start(adapter(() => new Promise(() => {})))
  const listening = server.listen({ port: 0, host: "127.0.0.1" })
  const outcome = listening.catch((error: MagpieError) => error.code)
  await server.close({ spreadMs: 0 })
  expect(await outcome).toBe("CLOSED")
})

test("a server whose broker cannot carry its log says why and does not listen", async () => {
  const server = start(adapter(() => Promise.reject(new MagpieError("INVALID_OPTIONS", "partitions: the log was made with 8"))))
  await expect(server.listen({ port: 0, host: "127.0.0.1" })).rejects.toMatchObject({
    code: "INVALID_OPTIONS",
    reason: "partitions: the log was made with 8",
  })
  await server.close({ spreadMs: 0 })
})

test.each([
  ["bus", { bus: adapter(() => new Promise(() => {})) }],
  ["snapshots", { snapshots: memorySnapshots() }],
])("refuses %s without a journal", (option, options) => {
  expect(() => createServer(app, { auth: anonymous(), ...options })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }),
  )
})
