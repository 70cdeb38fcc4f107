import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { processes, serviceOf } from "../services.ts"

/** NGINX with the configuration that users copy. */
export interface FrontStage {
  readonly url: string
  /** Its certificate, which nobody else vouches for. */
  readonly certificate: string
  end(): Promise<void>
}

export async function setFront(directory: string, addresses: readonly string[]): Promise<FrontStage> {
  const service = await serviceOf("nginx")
  const { startService, signal, freePort } = await processes()
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const settings = { nodes: addresses.join(","), plainPort: String(await freePort()), links: "hashed" }
  const running = await startService(service, { port, directory, settings })
  const killNow = (): void => void signal(running.pid, "SIGKILL")
  process.once("exit", killNow)
  return {
    url: `wss://127.0.0.1:${port}`,
    certificate: join(directory, "cert.pem"),
    async end() {
      killNow()
      await running.ended
      process.off("exit", killNow)
    },
  }
}
