// One node of several, as users of a broker run it. Only limits that the load is above by intention are raised.
import { kafka } from "@magpie/journal-kafka"
import { nats } from "@magpie/journal-nats"
import { rabbitmq } from "@magpie/journal-rabbitmq"
import { redis } from "@magpie/journal-redis"
import { broadcast, contract, createServer, jwt, stream } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { SECRET } from "../harness/token.mjs"

const ADAPTERS = {
  redis: (/** @type {string} */ port) => redis({ url: `redis://127.0.0.1:${port}` }),
  nats: (/** @type {string} */ port) => nats({ servers: `127.0.0.1:${port}` }),
  rabbitmq: (/** @type {string} */ port) => rabbitmq({ url: `amqp://guest:guest@127.0.0.1:${port}` }),
  kafka: (/** @type {string} */ port) => kafka({ brokers: [`127.0.0.1:${port}`] }),
}
const MANY = 10_000_000
const messages = { say: z.object({ text: z.string().max(2_000) }) }
const app = contract({ "fan/:name": broadcast({ messages }), "log/:name": stream({ messages }) })

const [broker, brokerPort = "", node = ""] = process.argv.slice(2)
const server = createServer(app, {
  auth: jwt({ secret: SECRET }),
  sessionKey: new Uint8Array(32).fill(7),
  node,
  journal: ADAPTERS[/** @type {keyof typeof ADAPTERS} */ (broker)](brokerPort),
  log: () => {},
  limits: {
    handshakesPerSecond: 10_000,
    handshakesPerAddressPerSecond: 10_000,
    messagesPerSecond: MANY,
    messagesPerUserPerSecond: MANY,
    messagesPerAddressPerSecond: MANY,
  },
})
server.channel("fan/:name", { authorize: ({ user }) => user !== undefined })
server.channel("log/:name", { authorize: ({ user }) => user !== undefined })

const READY_POLL_MS = 50

answer({
  async listen() {
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" })
    while (!(await fetch(`http://127.0.0.1:${port}/magpie/api/v1/ready`)).ok) await new Promise((next) => setTimeout(next, READY_POLL_MS))
    return port
  },
})
