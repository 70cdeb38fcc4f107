// Magpie as its users run it: a contract with schemas, signed tokens, rules, limits. Only limits that the load is above by
// intention are raised.
import { anyOf, apiKeys, broadcast, contract, createServer, jwt, lmdb, memoryStorage, stream } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { API_KEY, SECRET } from "../harness/token.mjs"

const messages = { say: z.object({ text: z.string().max(2_000) }) }
const app = contract({
  "fan/:name": broadcast({ messages }),
  "log/:name": stream({ messages }),
  "hall/:name": broadcast({ messages: {}, presence: z.object({ name: z.string().max(100), away: z.boolean() }) }),
})

const MANY = 10_000_000
const [directory] = process.argv.slice(2)
const server = createServer(app, {
  auth: anyOf(
    jwt({ secret: SECRET }),
    apiKeys({ keys: { [API_KEY]: { id: "back-end", api: { may: ["publish"], channels: ["log/:name"] } } } }),
  ),
  storage: directory === undefined ? memoryStorage() : lmdb({ directory }),
  log: () => {},
  limits: {
    connectionsPerAddress: 20_000,
    handshakesPerSecond: 10_000,
    handshakesPerAddressPerSecond: 10_000,
    messagesPerSecond: MANY,
    messagesPerUserPerSecond: MANY,
    messagesPerAddressPerSecond: MANY,
    apiRequestsPerAddressPerSecond: MANY,
    apiMessagesPerCallerPerSecond: MANY,
  },
})
server.channel("fan/:name", { authorize: ({ user }) => user !== undefined })
server.channel("hall/:name", { authorize: ({ user }) => user !== undefined })
server.channel("log/:name", { authorize: ({ user }) => user !== undefined })

answer({
  listen: async () => (await server.listen({ port: 0, host: "127.0.0.1" })).port,
  newestOffset: (/** @type {string} */ name) => server.channel(`log/${name}`).position.offset,
  close: () => server.close({ spreadMs: 1 }),
})
