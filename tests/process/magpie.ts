import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, onTestFinished } from "vitest"

export const MAGPIE = fileURLToPath(new URL("../../packages/cli/bin/magpie.js", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface MagpieOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What stands on standard input. */
  readonly input?: string
}

export interface RunningMagpie {
  readonly child: ChildProcess
  readonly out: () => string
  readonly ended: Promise<Ended>
}

/** Starts the command within a test, as a process that ends with the test at the latest. */
export function startMagpie(args: readonly string[], options: MagpieOptions = {}): RunningMagpie {
  const running = spawnMagpie(args, options)
  onTestFinished(() => void running.child.kill("SIGKILL"))
  return running
}

/** What it is told by the environment is this and nothing of the machine's. */
function spawnMagpie(args: readonly string[], { cwd, env = {}, input }: MagpieOptions = {}): RunningMagpie {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MAGPIE_") && name !== "PORT"))
  const child = spawn(process.execPath, [MAGPIE, ...args], { cwd, env: { ...inherited, ...env }, stdio: "pipe" })
  let out = ""
  let err = ""
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString()
  })
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  return { child, out: () => out, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err }))) }
}

export function magpie(args: readonly string[], options: MagpieOptions = {}): Promise<Ended> {
  return spawnMagpie(args, options).ended
}

/** The JSON lines of an output. */
export function jsonLines<T = Readonly<Record<string, unknown>>>(out: string): readonly T[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T)
}

/** Processes take their time where many want the machine. */
export const PROCESS_TIMEOUT_MS = 120_000

/** An empty directory for each test. */
export function emptyDirectory(): { readonly path: string } {
  let path = ""
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "magpie-command-"))
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
  }
}
