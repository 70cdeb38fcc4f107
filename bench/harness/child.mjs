// The outside of a child process: started on a core of its own, asked over IPC, killed by its id.
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** Whether server and load can be kept on separate cores. */
export const pinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set()

/** Where `--profile` wants the servers' CPU profiles; none when empty. */
let profiles = ""
export function profileServersInto(/** @type {string} */ directory) {
  profiles = directory
}

/**
 * @typedef {Awaited<ReturnType<typeof startChild>>} Child
 * @typedef {{ core?: number, nodeFlags?: readonly string[], args?: readonly string[] }} ChildOptions
 */

/**
 * Starts a module of the bench as a process, on a core of its own where one is named. Resolves when it is ready to be asked.
 * @param {string} module path below bench/
 * @param {ChildOptions} options
 */
export async function startChild(module, { core, nodeFlags = [], args = [] } = {}) {
  const file = fileURLToPath(new URL(`../${module}`, import.meta.url))
  const profiling = core === SERVER_CORE && profiles !== "" ? ["--cpu-prof", `--cpu-prof-dir=${profiles}`] : []
  const node = [process.execPath, ...nodeFlags, ...profiling, file, ...args]
  const [command, ...rest] = pinned && core !== undefined ? ["taskset", "-c", String(core), ...node] : node
  const child = spawn(/** @type {string} */ (command), rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  running.add(child)

  let asked = 0
  /** @type {Map<number, { resolve: (value: any) => void, reject: (failure: Error) => void }>} */
  const waiting = new Map()
  const ended = once(child, "exit").then(([code, signal]) => {
    running.delete(child)
    const failure = new Error(`${module} ended (${signal ?? `code ${code}`})`)
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
    return failure
  })
  const ready = once(child, "message")
  child.on("message", (/** @type {{ id?: number, value?: unknown, failure?: string }} */ { id, value, failure }) => {
    const waiter = id === undefined ? undefined : waiting.get(id)
    if (id === undefined || waiter === undefined) return
    waiting.delete(id)
    if (failure === undefined) waiter.resolve(value)
    else waiter.reject(new Error(`${module}: ${failure}`))
  })
  const early = await Promise.race([ready, ended])
  if (early instanceof Error) throw early

  /** Asks and waits, at most so long. */
  async function ask(/** @type {string} */ name, /** @type {unknown} */ given = undefined, timeoutMs = 60_000) {
    const id = ++asked
    const reply = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
    const late = setTimeout(() => waiting.get(id)?.reject(new Error(`${module} did not answer "${name}" in ${timeoutMs} ms`)), timeoutMs)
    child.send({ id, ask: name, given })
    try {
      return await /** @type {Promise<any>} */ (reply)
    } finally {
      clearTimeout(late)
      waiting.delete(id)
    }
  }

  return {
    ask,
    /** Lets it end by itself, so that a profile is written, or kills it after a while. */
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const kill = setTimeout(() => child.kill("SIGKILL"), profiling.length > 0 ? 10_000 : 1_000)
      if (child.connected) child.send({ id: 0, ask: "exit" })
      await ended
      clearTimeout(kill)
    },
    /** Kills it as a power cut would. Resolves when it is gone. */
    async kill() {
      child.kill("SIGKILL")
      await ended
    },
  }
}

/** Kills whatever still runs, at once. */
export function killAll() {
  for (const child of running) child.kill("SIGKILL")
}
