// Real brokers as plain processes, which end with the run.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { SERVICES } from "../../scripts/services/all.mjs"
import { freePort, signal, startService } from "../../scripts/services/service.mjs"

/** Those whose nodes can be measured. */
export const BROKERS = ["redis", "nats", "rabbitmq", "kafka"]

/** Which of them are installed. */
export const installed = () =>
  SERVICES.filter(({ name, missing }) => BROKERS.includes(name) && missing() === undefined).map(({ name }) => name)

/** @param {string} name @param {string} directory */
export async function startBroker(name, directory) {
  const service = SERVICES.find((each) => each.name === name)
  if (service === undefined) throw new Error(`there is no service called ${name}`)
  const own = join(directory, name)
  mkdirSync(own, { recursive: true })
  const port = await freePort()
  const { pid, ended } = await startService(service, { port, directory: own })
  const killNow = () => void signal(pid, "SIGKILL")
  process.once("exit", killNow)
  return {
    port: String(port),
    async stop() {
      killNow()
      await ended
      process.off("exit", killNow)
    },
  }
}
