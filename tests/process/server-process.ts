import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url))
const CONFIG = fileURLToPath(new URL("chat.config.mjs", import.meta.url))

export interface ServerProcess {
  readonly port: number
  readonly url: string
  readonly output: string
  readonly running: boolean
  /** Ends at once, as a power cut does to a process. */
  kill(): Promise<void>
  signal(name: NodeJS.Signals): void
  readonly exited: Promise<number | null>
}

export interface ServerProcessOptions {
  readonly data: string
  /** Default: a free one. */
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
  readonly config?: string
  /** How many files it may have open, sockets among them. */
  readonly openFiles?: number
}

/** Starts `magpie serve` as a process of its own, ready or not. */
export function spawnServer({ data, port = 0, env = {}, config = CONFIG, openFiles }: ServerProcessOptions): ChildProcess {
  const command = [process.execPath, MAIN, "serve", "--config", config, "--data", data, "--port", String(port)]
  const limited = openFiles === undefined ? command : ["sh", "-c", `ulimit -n ${openFiles}; exec "$0" "$@"`, ...command]
  const [program = "", ...args] = limited
  return spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] })
}

/** Starts `magpie serve` as a process of its own and waits until it says that it is ready. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const child = spawnServer(options)
  let output = ""
  const exited = once(child, "exit").then(([code]) => code as number | null)
  const ready = new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const match = /magpie {2}ws:\/\/[^:]+:(\d+)\/magpie[\s\S]*Stop with/.exec(output)
      if (match) resolve(Number(match[1]))
    }
    child.stdout?.on("data", read)
    child.stderr?.on("data", read)
    void exited.then((code) => reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)))
  })
  const taken = await ready
  return {
    port: taken,
    url: `ws://127.0.0.1:${taken}`,
    get output() {
      return output
    },
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async kill() {
      child.kill("SIGKILL")
      await exited
    },
    signal: (name) => void child.kill(name),
    exited,
  }
}
