import { defineConfig } from "@magpie/cli"
import { redis } from "@magpie/journal-redis"
import { anonymous, broadcast, contract, json, stream } from "@magpie/server"

const open = { authorize: () => true }
const { TEST_REDIS, TEST_LOG } = process.env

/** A node as it stands behind a load balancer, with the limits as they come; it tells a test who it thinks is connected. */
export default defineConfig({
  contract: contract({
    "chat/:room": stream({ messages: { say: json() }, presence: json() }),
    "cursor/:room": broadcast({ messages: { move: json() } }),
  }),
  auth: anonymous(),
  channels: { "chat/:room": open, "cursor/:room": open },
  sessionKey: new Uint8Array(32).fill(7),
  journal: redis({ url: TEST_REDIS, name: TEST_LOG, partitions: 2 }),
  trustedProxies: ["127.0.0.1"],
  setup(server) {
    server.endpoint("/addresses", (socket) => socket.send(JSON.stringify([...server.connections].map(({ address }) => address))))
  },
})
