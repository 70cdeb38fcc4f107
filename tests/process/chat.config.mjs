import { defineConfig } from "@magpie/cli"
import { anonymous, broadcast, contract, json, stream } from "@magpie/server"

const open = { authorize: () => true }

/** The server that the process tests kill: an open chat, with the limits of a stress test. */
export default defineConfig({
  contract: contract({ "chat/:room": stream({ messages: { say: json() } }), "signal/:room": broadcast({ messages: { ping: json() } }) }),
  auth: anonymous(),
  channels: { "chat/:room": open, "signal/:room": open },
  host: "127.0.0.1",
  limits: {
    messagesPerSecond: 100_000,
    messagesPerAddressPerSecond: 100_000,
    handshakesPerSecond: 100_000,
    handshakesPerAddressPerSecond: 10_000,
  },
})
