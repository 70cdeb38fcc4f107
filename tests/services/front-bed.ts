import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { type IncomingMessage, request as plainRequest } from "node:http"
import { type RequestOptions, request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { processes, type Running, serviceOf } from "../chaos/services.ts"
import type { FrontNode } from "./front-nodes.ts"

/** A load balancer of a test's own, with the configuration that users copy. */
export interface Front {
  readonly url: string
  readonly port: number
  /** Its certificate, which nobody else vouches for. */
  readonly ca: string
  /** Asks over HTTPS; resolves at the head of the answer. */
  ask(path: string, options?: RequestOptions, body?: string | Uint8Array): Promise<IncomingMessage>
  /** Asks example.org over HTTP. */
  askPlain(path: string): Promise<IncomingMessage>
  dispose(): Promise<void>
}

export interface FrontOptions {
  readonly name: string
  readonly nodes: readonly FrontNode[]
  /** Default "hashed": all requests of a link go to one node. */
  readonly links?: "hashed" | "spread"
}

export async function startFront({ name, nodes, links = "hashed" }: FrontOptions): Promise<Front> {
  const service = await serviceOf(name)
  const { startService, signal, freePort } = await processes()
  const directory = mkdtempSync(join(tmpdir(), `magpie-${name}-`))
  const addresses = nodes.map(({ address }) => address).join(",")
  let running: Running | undefined
  let [port, plainPort] = [0, 0]
  const killNow = (): void => void (running && signal(running.pid, "SIGKILL"))
  process.once("exit", killNow)

  // Somebody else may take a port between its choice and its use.
  for (let tries = 0; running === undefined; tries++) {
    port = await freePort()
    plainPort = await freePort()
    const settings = { nodes: addresses, plainPort: String(plainPort), links }
    running = await startService(service, { port, directory, settings }).catch((error: unknown) => {
      if (tries === 2) throw error
      return undefined
    })
  }
  const ca = readFileSync(join(directory, "cert.pem"), "utf8")
  const ended = running.ended
  return {
    url: `wss://127.0.0.1:${port}`,
    port,
    ca,
    ask: (path, options, body) => {
      // A connection of its own, so that one may choose whence.
      const asked = request({ host: "127.0.0.1", port, path, ca, agent: false, ...options })
      return headOf(asked, body)
    },
    askPlain: (path) => headOf(plainRequest({ host: "127.0.0.1", port: plainPort, path, headers: { Host: "example.org" }, agent: false })),
    async dispose() {
      killNow()
      await ended
      process.off("exit", killNow)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function headOf(asked: ReturnType<typeof request>, body?: string | Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.on("response", resolve)
    asked.on("error", reject)
    asked.end(body)
  })
}
