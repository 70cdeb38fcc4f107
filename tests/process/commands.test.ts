import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { connect } from "@magpie/client"
import { type CommandOutcome, commands } from "@magpie/client/command"
import { command, contract, json } from "@magpie/protocol"
import { afterEach, beforeEach, expect, it } from "vitest"
import { until } from "./chat-pair.ts"
import { startRelay } from "./relay.ts"
import { startServerProcess } from "./server-process.ts"

const VALVE = fileURLToPath(new URL("valve.mjs", import.meta.url))
const CONFIG = fileURLToPath(new URL("commands.config.mjs", import.meta.url))
const COUNT = 120

const app = contract({ "device/:id": command({ turn: { input: json<number>(), output: json<number>() } }, { deadlineMs: 120_000 }) })
type Outcome = CommandOutcome<(typeof app)["channels"]["device/:id"], "turn">

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "magpie-commands-"))
  mkdirSync(join(data, "device"))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

/** The ids of what the device has done, in its order. */
function effects(): readonly string[] {
  const file = join(data, "device", "effects")
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit")
  child.kill("SIGKILL")
  await exited
}

it("[G9] [F114] executes no command twice, and ends each, when device, server and caller are killed with -9", async () => {
  let server = await startServerProcess({ data: join(data, "server"), config: CONFIG })
  const relay = await startRelay(server.port)
  let said = 0
  const startValve = () => {
    const child = spawn(process.execPath, [VALVE, relay.url, join(data, "device")], { stdio: ["ignore", "pipe", "inherit"] })
    createInterface(child.stdout).on("line", () => said++)
    return child
  }
  const startCaller = () => connect(relay.url, { contract: app, backoff: { initialMs: 20, maxMs: 200 } })
  const callAll = (caller: ReturnType<typeof startCaller>): Promise<Outcome>[] => {
    const valve = commands(caller.channel("device/7"))
    return Array.from({ length: COUNT }, (_, n) => valve.outcome("turn", n, { id: `c${n}` }))
  }
  let device = startValve()
  let caller = startCaller()
  let calls = callAll(caller)

  for (const [done, victim] of [
    [10, "device"],
    [30, "server"],
    [45, "device"],
    [60, "caller"],
    [75, "server"],
    [90, "device"],
  ] as const) {
    await until(() => said >= done)
    if (victim === "device") {
      await kill(device)
      device = startValve()
    } else if (victim === "server") {
      await server.kill()
      server = await startServerProcess({ data: join(data, "server"), config: CONFIG })
      relay.target(server.port)
    } else {
      for (const call of calls) call.catch(() => {})
      await caller.close()
      // It knows nothing but the ids.
      caller = startCaller()
      calls = callAll(caller)
    }
  }

  const outcomes = await Promise.all(calls)
  const done = effects()
  expect(new Set(done).size).toBe(done.length)
  for (const outcome of outcomes) {
    if (outcome.state === "done") expect(outcome.output).toBe(Number(outcome.id.slice(1)))
    else expect(outcome.state).toBe("indeterminate")
    if (outcome.state === "done") expect(done).toContain(outcome.id)
  }
  // At most the one that was running when the device was killed.
  expect(outcomes.filter(({ state }) => state === "indeterminate").length).toBeLessThanOrEqual(3)

  const { steps } = await commands(caller.channel("device/7")).ledger({ limit: 500, after: 0 })
  const finals = steps.filter(({ state }) => state === "done" || state === "indeterminate").map((step) => step.command)
  expect(new Set(finals).size).toBe(finals.length)
  await caller.close()
  await kill(device)
  await server.kill()
  await relay.close()
}, 120_000)
