import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { WebSocket } from "ws"
import { type ServerProcess, startServerProcess } from "../process/server-process.ts"
import { until } from "./journal-bed.ts"

const CONFIG = fileURLToPath(new URL("front.config.mjs", import.meta.url))

/** A node of several, as a process of its own, at the address that a load balancer knows it by. */
export interface FrontNode {
  /** With its port; the same after each start. */
  readonly address: string
  /** Resolves when it takes work. */
  start(): Promise<void>
  /** As an operator restarts it: SIGTERM, until it has ended. Resolves with its exit code. */
  stop(): Promise<number | null>
  /** `kill -9`. */
  kill(): Promise<void>
  /** Whom it serves, by the addresses that it counts by. */
  clients(): Promise<readonly string[]>
  dispose(): Promise<void>
}

/**
 * A node on an address of loopback that nobody connects from, so that no connection of the machine's can take its port while it
 * is away.
 */
export async function startFrontNode(host: string, redisPort: number, log: string): Promise<FrontNode> {
  const data = mkdtempSync(join(tmpdir(), "magpie-front-"))
  const env = { MAGPIE_HOST: host, MAGPIE_NODE: host, TEST_REDIS: `redis://127.0.0.1:${redisPort}`, TEST_LOG: log }
  let running: ServerProcess | undefined
  let port = 0

  async function start(): Promise<void> {
    const started = await startServerProcess({ data, port, env, config: CONFIG })
    running = started
    port = started.port
    await until(async () => (await fetch(`http://${host}:${port}/magpie/api/v1/ready`)).ok, `${host} is ready`)
  }
  const killNow = (): void => void (running?.running && running.signal("SIGKILL"))
  process.once("exit", killNow)

  const node: FrontNode = {
    get address() {
      return `${host}:${port}`
    },
    start,
    async stop() {
      running?.signal("SIGTERM")
      return (await running?.exited) ?? null
    },
    kill: async () => running?.kill(),
    clients: () => asked(`ws://${host}:${port}/addresses`),
    async dispose() {
      await running?.kill()
      process.off("exit", killNow)
      rmSync(data, { recursive: true, force: true })
    },
  }
  await start()
  return node
}

function asked(url: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.on("message", (text) => {
      resolve(JSON.parse(text.toString()))
      socket.close()
    })
    socket.on("error", reject)
  })
}
