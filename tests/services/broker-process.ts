import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startRelay } from "../chaos/relay.ts"
import { processes, type Running, serviceOf } from "../chaos/services.ts"

/** A real broker of a test's own, on loopback, which may be killed, frozen, emptied and put back to what it was. */
export interface BrokerProcess {
  readonly port: number
  /** A way to it that can be cut. */
  readonly relayPort: number
  cut(): void
  heal(): void
  /** The links by way of the relay break; new ones are let through. */
  reset(): void
  start(): Promise<void>
  /** Ends at once, as a power cut does to a process. */
  kill(): Promise<void>
  /** Stands still, until it goes on. */
  pause(): void
  goOn(): void
  /** Only while it does not run. */
  clear(): void
  saveAs(name: string): void
  restore(name: string): void
  dispose(): Promise<void>
}

/** Says in a sentence why a service cannot be started here; undefined where it can. */
export async function whyMissing(name: string): Promise<string | undefined> {
  return (await serviceOf(name)).missing()
}

/**
 * A broker that tells its clients where to connect tells another address to those who come by way of the relay: they reach it
 * at `sidePort`, and it must name `relayPort` to them.
 */
export interface Ports {
  readonly port: number
  readonly sidePort: number
  readonly relayPort: number
}

export type Settings = (ports: Ports) => Readonly<Record<string, string>>

/** Nobody listens there, and nobody may without being root. */
const NOWHERE = 1

export async function startBroker(name: string, settings?: Settings): Promise<BrokerProcess> {
  const service = await serviceOf(name)
  const { startService, signal, freePort } = await processes()
  const base = mkdtempSync(join(tmpdir(), `magpie-${name}-`))
  const directory = join(base, "now")
  let running: Running | undefined
  const relay = await startRelay()
  let [port, sidePort] = [0, 0]

  async function start(): Promise<void> {
    mkdirSync(directory, { recursive: true })
    running = await startService(service, { port, directory, settings: settings?.({ port, sidePort, relayPort: relay.port }) ?? {} })
  }

  // A broker does not outlive the tests, however they end.
  const killNow = (): void => void (running && signal(running.pid, "SIGKILL"))
  process.once("exit", killNow)

  async function kill(): Promise<void> {
    if (running === undefined) return
    killNow()
    await running.ended
    running = undefined
  }

  // Somebody else may take a port between its choice and its use.
  for (let tries = 0; running === undefined; tries++) {
    port = await freePort()
    sidePort = await freePort()
    await start().catch((error: unknown) => {
      if (tries === 2) throw error
      rmSync(directory, { recursive: true, force: true })
    })
  }

  const heal = (): void => relay.target(settings === undefined ? port : sidePort)
  heal()
  return {
    port,
    relayPort: relay.port,
    cut() {
      relay.target(NOWHERE)
      relay.reset()
    },
    heal,
    reset: () => void relay.reset(),
    start,
    kill,
    pause: () => void (running && signal(running.pid, "SIGSTOP")),
    goOn: () => void (running && signal(running.pid, "SIGCONT")),
    clear: () => rmSync(directory, { recursive: true, force: true }),
    saveAs: (saved) => cpSync(directory, join(base, saved), { recursive: true }),
    restore(saved) {
      rmSync(directory, { recursive: true, force: true })
      cpSync(join(base, saved), directory, { recursive: true })
    },
    async dispose() {
      await kill()
      process.off("exit", killNow)
      await relay.close()
      rmSync(base, { recursive: true, force: true })
    },
  }
}
