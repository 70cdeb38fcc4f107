import { fileURLToPath } from "node:url"
import { connect } from "@magpie/client"
import { memoryCommands, serveCommands } from "@magpie/client/command"
import { command, contract, json } from "@magpie/protocol"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { temporaryDirectory } from "../snippets.ts"
import { until } from "./chat-pair.ts"
import { emptyDirectory, jsonLines, PROCESS_TIMEOUT_MS, magpie as run, startMagpie } from "./magpie.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

const CONFIG = fileURLToPath(new URL("call.config.mjs", import.meta.url))

const data = temporaryDirectory("calls")
let server: ServerProcess
beforeAll(async () => {
  server = await startServerProcess({ data: data.path, config: CONFIG })
}, PROCESS_TIMEOUT_MS)
afterAll(async () => {
  await server.kill()
  data.remove()
})

const directory = emptyDirectory()
const options = () => ({ cwd: directory.path, env: { MAGPIE_URL: server.url } })
const call = (...args: readonly string[]) => run(["call", ...args], options())

describe("magpie call", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("prints progress and how the command ended, for people and as JSON", async () => {
    const told = await call("tools/a", "count", "3", "--id", "three")
    expect(told).toMatchObject({ code: 0, err: "id three\n" })
    // Progress that is faster than the link is skipped; the end never is.
    expect(told.out.trim().split("\n").at(-1)).toBe("done  3")
    const lines = jsonLines((await call("tools/a", "count", "3", "--json", "--id", "json")).out)
    expect(lines.at(-1)).toEqual({ type: "end", id: "json", state: "done", output: 3 })
    for (const { type, id } of lines) expect([type === "state" || type === "progress" || type === "end", id]).toEqual([true, "json"])
  })

  it("[G9] is the same command under the same id, and is refused with another input", async () => {
    expect((await call("tools/a", "count", "2", "--id", "once")).code).toBe(0)
    expect(await call("tools/a", "count", "2", "--id", "once")).toMatchObject({ code: 0, out: expect.stringContaining("done  2\n") })
    const other = await call("tools/a", "count", "5", "--id", "once", "--json")
    expect([other.code, jsonLines(other.err)]).toMatchObject([1, [{ error: { code: "CONFLICT" } }]])
  })

  it("ends with a code for each way in which a command ends", async () => {
    expect(await call("tools/a", "break", '"lever"')).toMatchObject({ code: 1, out: expect.stringContaining('"code":"broken"') })
    expect(await call("device/nobody", "turn", "--deadline", "1s")).toMatchObject({ code: 3, out: expect.stringContaining("expired") })
    const waiting = startMagpie(["call", "tools/a", "wait"], options())
    await until(() => waiting.out().includes('progress  "waiting"'))
    waiting.child.kill("SIGINT")
    expect(await waiting.ended).toMatchObject({ code: 4, out: expect.stringContaining("cancelled") })
  })

  it("[G9] says openly that nobody knows, of a device that was begun and is gone", async () => {
    const app = contract({ "device/:id": command({ turn: { input: json<null>(), output: json<null>() } }) })
    const client = connect(server.url, { contract: app })
    const begun = new Promise<void>((resolve) => {
      const handlers = { turn: () => new Promise<null>(() => resolve()) }
      serveCommands(client.channel("device/gone"), { store: memoryCommands(), handlers })
    })
    const calling = startMagpie(["call", "device/gone", "turn", "--deadline", "20s"], options())
    await begun
    await client.close()
    // Another one takes over, and knows nothing of it.
    const next = connect(server.url, { contract: app })
    serveCommands(next.channel("device/gone"), { store: memoryCommands(), handlers: { turn: () => null } })
    expect(await calling.ended).toMatchObject({ code: 5, out: expect.stringContaining("indeterminate") })
    await next.close()
  })

  it("ends with 1 where the server refuses, and with 2 where it is asked wrongly", async () => {
    const refused = await call("attic/a", "look", "--json")
    expect([refused.code, jsonLines(refused.err)]).toMatchObject([1, [{ error: { code: "FORBIDDEN" } }]])
    expect((await call("tools/a", "fly")).code).toBe(1)
    expect(await call("tools/a", "count", "three")).toMatchObject({ code: 2, err: expect.stringContaining("input is no JSON: three") })
    expect((await call("tools/a", "count", "1", "--deadline", "soon")).code).toBe(2)
    expect((await call("tools/a", "count", "1", "--id", "")).code).toBe(2)
  })
})
