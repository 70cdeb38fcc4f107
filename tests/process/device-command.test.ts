import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Client, connect } from "@magpie/client"
import { commands } from "@magpie/client/command"
import { presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import { command, contract, json, table as tableKind } from "@magpie/protocol"
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { until } from "./chat-pair.ts"
import { emptyDirectory, jsonLines, MAGPIE, PROCESS_TIMEOUT_MS, magpie as run } from "./magpie.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

const CONFIG = fileURLToPath(new URL("device.config.mjs", import.meta.url))
const position = json<{ readonly position: number }>()
const set = { input: json<object>(), output: json<object>() }
const app = contract({
  "lamp/:id": command({ set }),
  "thermostat/:id": command({ set }),
  "valve/:id": command({ move: { input: position, output: position, progress: position, errors: { stuck: position } } }),
  "devices/reported": tableKind({
    key: json<string>(),
    value: json<{ kind: string; group: string; applied: number; state: Record<string, unknown> }>(),
    presence: json<{ device: string }>(),
  }),
  "devices/desired": tableKind({ key: json<string>(), value: json<Record<string, unknown>>() }),
})

interface Line {
  readonly type: string
  readonly command?: string
  readonly state?: Readonly<Record<string, unknown>>
}

const directory = emptyDirectory()
let server: ServerProcess
let client: Client<typeof app>
beforeEach(async () => {
  server = await startServerProcess({ data: join(directory.path, "server"), config: CONFIG })
  client = connect(server.url, { contract: app, backoff: { initialMs: 20, maxMs: 200 } })
}, PROCESS_TIMEOUT_MS)
afterEach(async () => {
  await client.close()
  await server.kill()
})

/** A device as a process of its own, with its standard input open. */
function startDevice(kind: string, id: string, ...more: readonly string[]) {
  const args = [MAGPIE, "device", kind, id, "--data", join(directory.path, id), "--url", server.url, "--json", ...more]
  const child = spawn(process.execPath, args, { cwd: directory.path, stdio: "pipe" })
  onTestFinished(() => void child.kill("SIGKILL"))
  let out = ""
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString()
  })
  const exited = once(child, "exit").then(([code]) => code as number | null)
  const whole = (): string => out.slice(0, out.lastIndexOf("\n") + 1)
  const lines = (): readonly Line[] => jsonLines<Line>(whole())
  return {
    lines,
    says: (type: string) => until(() => lines().some((line) => line.type === type)),
    write: (line: string) => void child.stdin.write(`${line}\n`),
    exited,
    end(signal: NodeJS.Signals) {
      child.kill(signal)
      return exited
    },
  }
}

describe("magpie device", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("[G9] was killed with -9 in the middle: what it had begun is indeterminate, what it had done is not done again, and it goes on from where it was", async () => {
    const valve = commands(client.channel("valve/v1"))
    const first = startDevice("valve", "v1")
    await first.says("serving")
    expect(await valve.outcome("move", { position: 5 }, { id: "short" })).toMatchObject({ state: "done", output: { position: 5 } })
    let reached = 0
    const broken = valve.outcome("move", { position: 100 }, { id: "long", onProgress: ({ position }) => (reached = position) })
    await until(() => reached > 20)
    await first.end("SIGKILL")
    const second = startDevice("valve", "v1")
    expect(await broken).toEqual({ id: "long", state: "indeterminate" })
    await until(() => second.lines().some(({ type }) => type === "state"))
    const { position: stood = 0, moving } = second.lines().find(({ type }) => type === "state")?.state ?? {}
    expect([Number(stood) >= reached - 10 && Number(stood) < 100, moving]).toEqual([true, false])
    expect(await valve.outcome("move", { position: 5 }, { id: "short" })).toMatchObject({ state: "done" })
    expect(await valve.outcome("move", { position: 100 }, { id: "again" })).toMatchObject({ state: "done", output: { position: 100 } })
    const done = [...first.lines(), ...second.lines()].flatMap((line) => (line.type === "command" ? line.command : []))
    expect(done).toEqual(["short", "long", "again"])
    expect(await second.end("SIGINT")).toBe(0)
  })

  it("goes on with what it does while its link is cut, and tells it when the link is back", async () => {
    const device = startDevice("valve", "v2", "--group", "cellar")
    await device.says("serving")
    const valve = commands(client.channel("valve/v2"))
    const cutShort = valve.outcome("move", { position: 60 }, { onProgress: () => device.write("cut 2s") })
    await device.says("cut")
    expect(await cutShort).toMatchObject({ state: "done", output: { position: 60 } })
    await device.says("restored")
    expect((await run(["call", "valve/v2", "move", '{"position":40}', "--url", server.url])).code).toBe(0)
  })

  it("stops where it is when it is cancelled, and fails as stuck where somebody jams it", async () => {
    const device = startDevice("valve", "v3")
    await device.says("serving")
    const valve = commands(client.channel("valve/v3"))
    const cancel = new AbortController()
    const stopped = valve.outcome("move", { position: 100 }, { signal: cancel.signal, onProgress: () => cancel.abort() })
    expect((await stopped).state).toBe("cancelled")
    device.write("jam")
    await until(() => device.lines().at(-1)?.state?.jammed === true)
    expect(await valve.outcome("move", { position: 0 })).toMatchObject({ state: "failed", error: { code: "stuck" } })
    const refused = await valve.outcome("move", { position: 101 })
    expect(refused).toMatchObject({ state: "failed", error: { code: "BAD_REQUEST" } })
  })

  it("is present, reports what it is, and takes up what was desired of it while it was away, over a restart of the server too", async () => {
    const reported = table(client.channel("devices/reported"))
    const desired = table(client.channel("devices/desired"))
    const fleet = presence(client.channel("devices/reported"))
    const state = (id: string) => reported.rows.get(id)?.value
    const isThere = (id: string) => [...fleet.members.values()].some((member) => member.state.device === id)
    const wanted = await desired.set("l1", { on: true, brightness: 30 })
    const lamp = startDevice("lamp", "l1", "--group", "hall")
    await until(() => state("l1")?.applied === wanted.position.offset && isThere("l1"))
    expect(state("l1")).toMatchObject({ kind: "lamp", group: "hall", state: { on: true, brightness: 30 } })
    lamp.write("press")
    await until(() => state("l1")?.state.on === false)
    const { port } = server
    await server.kill()
    server = await startServerProcess({ data: join(directory.path, "server"), config: CONFIG, port })
    expect(await commands(client.channel("lamp/l1")).call("set", { brightness: 77 })).toMatchObject({ on: false, brightness: 77 })
    await until(() => state("l1")?.state.brightness === 77 && isThere("l1"))
    expect(await lamp.end("SIGINT")).toBe(0)
    await until(() => !isThere("l1"))
  })

  it("drifts towards the target of a thermostat", async () => {
    const device = startDevice("thermostat", "t1")
    await device.says("serving")
    await commands(client.channel("thermostat/t1")).call("set", { target: 25 })
    const degrees = () => device.lines().flatMap(({ state }) => (state === undefined ? [] : Number(state.temperature)))
    await until(() => Math.max(...degrees()) > (degrees()[0] ?? 0))
  })

  it("ends with 1 where another takes its place, and with 2 on a directory of another device or a file that is none", async () => {
    const args = (id: string, data: string) => ["device", "lamp", id, "--data", join(directory.path, data), "--url", server.url, "--json"]
    const first = startDevice("lamp", "l2")
    await first.says("serving")
    const [busy] = jsonLines((await run(args("l2", "l2"))).err)
    expect(busy).toMatchObject({ error: { code: "CONFLICT" } })
    const second = startDevice("lamp", "l2", "--data", join(directory.path, "two"))
    await second.says("serving")
    expect(await first.exited).toBe(1)
    expect(first.lines().at(-1)).toMatchObject({ type: "ended" })
    expect((await run(args("l3", "l2"))).code).toBe(2)
    writeFileSync(join(directory.path, "l2", "device.json"), "{")
    expect((await run(args("l2", "l2"))).code).toBe(2)
    expect((await run(["device", "rocket", "r1"])).code).toBe(2)
  })
})
