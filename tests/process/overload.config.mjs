import { once } from "node:events"
import { contract, json, stream } from "@magpie/server"
import chat from "./chat.config.mjs"

const { TEST_LIMITS = "{}", TEST_PAGES, TEST_RETENTION, TEST_SETUP } = process.env

const keeping = (retention) => contract({ "chat/:room": stream({ messages: { say: json() }, retention }) })

/** The chat with what a test asks for in the environment: limits, pages, a retention, and a start that waits for the signal to stop. */
export default {
  ...chat,
  limits: { ...chat.limits, ...JSON.parse(TEST_LIMITS) },
  ...(TEST_PAGES && { static: TEST_PAGES }),
  ...(TEST_RETENTION && { contract: keeping(JSON.parse(TEST_RETENTION)), channels: { "chat/:room": chat.channels["chat/:room"] } }),
  async setup(server) {
    if (TEST_SETUP === undefined) return
    // Waiting for a signal alone keeps no process alive.
    const alive = setInterval(() => {}, 1_000)
    process.stdout.write("setting up\n")
    await once(process, "SIGTERM")
    clearInterval(alive)
    await server.channel("chat/lobby").publish("say", { n: 1, by: "setup" })
  },
}
