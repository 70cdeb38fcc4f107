// A server that runs commands itself and passes them on to devices, with everything that users have on: schemas, signed tokens, rules,
// limits. Only limits that the load is above by intention are raised.
import { command, contract, createServer, jwt, lmdb, memoryStorage } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { SECRET } from "../harness/token.mjs"

const text = z.object({ text: z.string().max(2_000) })
const app = contract({
  "tools/:name": command({ ask: { input: text, output: z.null() } }),
  "device/:id": command({ count: { input: z.object({ number: z.number().int() }), output: z.number().int() } }, { reportMs: 3_000 }),
})

const MANY = 10_000_000
const [directory] = process.argv.slice(2)
const server = createServer(app, {
  auth: jwt({ secret: SECRET }),
  storage: directory === undefined ? memoryStorage() : lmdb({ directory }),
  log: () => {},
  limits: {
    connectionsPerAddress: 20_000,
    handshakesPerSecond: 10_000,
    handshakesPerAddressPerSecond: 10_000,
    messagesPerSecond: MANY,
    messagesPerUserPerSecond: MANY,
    messagesPerAddressPerSecond: MANY,
    callsPerConnection: 10_000,
    openCommands: 100_000,
  },
})
server.channel("tools/:name", { authorize: ({ user }) => user !== undefined, handle: { ask: () => null } })
server.channel("device/:id", { authorize: ({ user }) => user !== undefined })

answer({
  listen: async () => (await server.listen({ port: 0, host: "127.0.0.1" })).port,
  /** Of these commands of a device: how each stands, and until when it could be begun. */
  states: (/** @type {{ device: string, ids: readonly string[] }} */ { device, ids }) => {
    const channel = server.channel(`device/${device}`)
    return ids.map((id) => {
      const { state = "unknown", deadline = 0 } = channel.get(id) ?? {}
      return { id, state, deadline }
    })
  },
  close: () => server.close({ spreadMs: 1 }),
})
