import { mkdirSync } from "node:fs"
import { type Relay, startRelay } from "../relay.ts"
import { processes, type Running, serviceOf } from "../services.ts"
import { sleep } from "../wait.ts"
import { BROKERS, type Way } from "./brokers.ts"

/** A real broker, with a way to it for each node. */
export interface BrokerStage {
  /** Where each node finds it. */
  readonly ports: readonly number[]
  cut(node: number): void
  heal(node: number): void
  /** Kills it, and starts it again on its data after so long. */
  restart(afterMs: number): Promise<void>
  end(): Promise<void>
}

export interface BrokerStageOptions {
  readonly name: string
  readonly directory: string
  readonly nodes: number
}

/** Nobody listens there, and nobody may without being root. */
const NOWHERE = 1

export async function setBroker({ name, directory, nodes }: BrokerStageOptions): Promise<BrokerStage> {
  const service = await serviceOf(name)
  const { startService, signal, freePort } = await processes()
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const relays: Relay[] = []
  for (let node = 0; node < nodes; node++) relays.push(await startRelay())
  const { settings } = BROKERS[name] ?? {}
  const ways: Way[] = []
  for (const relay of relays) ways.push({ port: settings === undefined ? port : await freePort(), relayPort: relay.port })
  const place = { port, directory, ...(settings && { settings: settings(ways) }) }
  let running: Running = await startService(service, place)
  const killNow = (): void => void signal(running.pid, "SIGKILL")
  process.once("exit", killNow)
  const heal = (node: number): void => relays[node]?.target(ways[node]?.port ?? port)
  for (const node of relays.keys()) heal(node)

  async function kill(): Promise<void> {
    killNow()
    await running.ended
  }

  return {
    ports: relays.map((relay) => relay.port),
    cut(node) {
      relays[node]?.target(NOWHERE)
      relays[node]?.reset()
    },
    heal,
    async restart(afterMs) {
      await kill()
      await sleep(afterMs)
      running = await startService(service, place)
    },
    async end() {
      await kill()
      process.off("exit", killNow)
      await Promise.all(relays.map((relay) => relay.close()))
    },
  }
}
