import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { availableParallelism, setPriority } from "node:os"
import { fileURLToPath } from "node:url"
import { EXIT, type Questions, type Told } from "./questions.ts"

/** Where a process runs. On a machine with one core, or without `taskset`, everything runs everywhere. */
export type Core = "server" | "load" | "any"

const CORES = { server: "0", load: "1" }

export const pinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0

const running = new Set<ChildProcess>()

/** Where servers leave a CPU profile each, when they end by themselves. */
let profiles: string | undefined
export function profileServersInto(directory: string): void {
  profiles = directory
}

type Given<Q extends Questions, K extends keyof Q> = Parameters<Q[K]>[0]

export interface Child<Q extends Questions> {
  /** Resolves when the process has ended, with how it ended. */
  readonly ended: Promise<Error>
  /** Asks and waits, at most so long. Fails when the process ends before its answer. */
  ask<K extends keyof Q & string>(name: K, given?: Given<Q, K>, timeoutMs?: number): Promise<Awaited<ReturnType<Q[K]>>>
  signal(name: NodeJS.Signals): void
  /** Ends it at once, as a power cut does to a process. */
  kill(): Promise<void>
  /** Lets it end by itself, or kills it after a second. */
  stop(): Promise<void>
}

export interface ChildOptions {
  readonly core?: Core
  readonly nodeFlags?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Hears what the child tells by itself. */
  onNote?(note: never): void
}

const ASK_MS = 60_000
const LOW_PRIORITY = 10
const STOP_MS = 1_000
/** A profile takes its time to be written. */
const STOP_PROFILED_MS = 20_000

/** Starts a process. It can be killed before it is ready. */
export function spawnChild<Q extends Questions>(module: URL, options: ChildOptions = {}): Child<Q> & { readonly ready: Promise<void> } {
  const { core = "any", nodeFlags = [], args = [], env = {}, onNote } = options
  const file = fileURLToPath(module)
  const profiling = core === "server" && profiles !== undefined ? ["--cpu-prof", `--cpu-prof-dir=${profiles}`] : []
  const node = [process.execPath, ...profiling, ...nodeFlags, file, ...args]
  const [command = "", ...rest] = pinned && core !== "any" ? ["taskset", "-c", CORES[core], ...node] : node
  const child = spawn(command, rest, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
    env: { ...process.env, ...env },
  })
  running.add(child)
  // Who runs everywhere stands for other machines: where it meets a server on its core, the server goes first.
  if (core === "any" && child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY)

  let lastId = 0
  const waiting = new Map<number, { resolve(value: never): void; reject(failure: Error): void }>()
  let becomeReady = (): void => {}
  const exited = once(child, "exit").then(([code, signal]) => {
    running.delete(child)
    const failure = new Error(`${file} ended (${signal ?? `code ${code}`})`)
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
    return failure
  })
  const ready = Promise.race([new Promise<void>((resolve) => (becomeReady = resolve)), exited.then((failure) => Promise.reject(failure))])
  // Who kills it early does not wait for it.
  ready.catch(() => {})
  child.on("message", (told: Told) => {
    if ("ready" in told) return becomeReady()
    if ("note" in told) return onNote?.(told.note as never)
    const waiter = waiting.get(told.id)
    waiting.delete(told.id)
    if ("failure" in told) waiter?.reject(new Error(told.failure))
    else waiter?.resolve(told.value as never)
  })
  // A message to a process that was just killed; its end rejects what waits.
  child.on("error", () => {})

  async function ask(name: string, given: unknown, timeoutMs = ASK_MS): Promise<never> {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${file} has ended and is asked "${name}"`)
    const id = ++lastId
    const reply = new Promise<never>((resolve, reject) => waiting.set(id, { resolve, reject }))
    const late = setTimeout(() => waiting.get(id)?.reject(new Error(`${file} did not answer "${name}" within ${timeoutMs} ms`)), timeoutMs)
    child.send({ id, ask: name, given }, () => {})
    try {
      return await reply
    } finally {
      clearTimeout(late)
      waiting.delete(id)
    }
  }

  return {
    ready,
    ended: exited,
    ask,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill("SIGKILL")
      await exited
    },
    async stop() {
      const kill = setTimeout(() => child.kill("SIGKILL"), profiling.length > 0 ? STOP_PROFILED_MS : STOP_MS)
      if (child.connected) child.send({ id: 0, ask: EXIT, given: undefined }, () => {})
      await exited
      clearTimeout(kill)
    },
  }
}

/** Starts a process and waits until it can be asked. */
export async function startChild<Q extends Questions>(module: URL, options: ChildOptions = {}): Promise<Child<Q>> {
  const child = spawnChild<Q>(module, options)
  await child.ready
  return child
}

/** Kills whatever still runs, at once. A stopped process ends by SIGKILL too. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL")
}
