import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type ServerProcess, startServerProcess } from "../process/server-process.ts"

const CONFIG = fileURLToPath(new URL("../../apps/showcase/magpie.config.ts", import.meta.url))

export interface ShowcaseServer {
  readonly process: ServerProcess
  readonly page: string
  /** Kills it with -9 and starts it again on its data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** What `npm start` runs, as a process of its own with its own data. */
export async function startShowcase(): Promise<ShowcaseServer> {
  const data = mkdtempSync(join(tmpdir(), "magpie-showcase-"))
  let server = await startServerProcess({ data, config: CONFIG })
  const { port } = server
  return {
    get process() {
      return server
    },
    page: `http://localhost:${port}/`,
    async restart() {
      await server.kill()
      server = await startServerProcess({ data, config: CONFIG, port })
    },
    async stop() {
      await server.kill()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
