import { once } from "node:events"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { temporaryDirectory } from "../snippets.ts"
import { until } from "./chat-pair.ts"
import { emptyDirectory, jsonLines, type MagpieOptions, PROCESS_TIMEOUT_MS, magpie as run, startMagpie } from "./magpie.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

const data = temporaryDirectory("messages")
let server: ServerProcess
beforeAll(async () => {
  server = await startServerProcess({ data: data.path })
}, PROCESS_TIMEOUT_MS)
afterAll(async () => {
  await server.kill()
  data.remove()
})

const directory = emptyDirectory()
const options = (more: MagpieOptions = {}): MagpieOptions => ({
  cwd: directory.path,
  ...more,
  env: { MAGPIE_URL: server.url, ...more.env },
})
const magpie = (args: readonly string[], more: MagpieOptions = {}) => run(args, options(more))

describe("magpie publish", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("[G1] stores a message and says where, for people and as JSON", async () => {
    expect(await magpie(["publish", "chat/publish", "say", '{"text":"hi"}'])).toMatchObject({
      code: 0,
      out: "stored as 1 of chat/publish, level disk\n",
    })
    const json = await magpie(["publish", "chat/publish", "say", '"two"', "--json"])
    expect(jsonLines(json.out)).toMatchObject([
      { channel: "chat/publish", kind: "stream", position: { offset: 2 }, level: "disk", duplicate: false },
    ])
    expect((await magpie(["publish", "signal/a", "ping", "1"])).out).toBe("passed on to signal/a\n")
  })

  it("[G3] publishes each line of its input, in their order", async () => {
    const input = Array.from({ length: 1_000 }, (_, index) => `${index + 1}\n`).join("\n")
    const { code, out } = await magpie(["publish", "chat/lines", "say", "--json"], { input })
    expect(code).toBe(0)
    expect(jsonLines<{ position: { offset: number } }>(out).map(({ position }) => position.offset)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    )
    const history = await magpie(["history", "chat/lines", "--after", "0", "--limit", "2000", "--json"])
    expect(jsonLines(history.out).map((message) => message.data)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
  })

  it("ends with 1 where the server refuses or is not there, and with 2 where data is no JSON", async () => {
    const refused = await magpie(["publish", "nowhere", "say", "1", "--json"])
    expect(refused.code).toBe(1)
    expect(jsonLines(refused.err)).toMatchObject([{ error: { code: "UNKNOWN_CHANNEL" } }])
    expect((await magpie(["publish", "chat/a", "shout", "1"])).code).toBe(1)
    expect((await magpie(["publish", "chat/a", "say", "hello"])).code).toBe(2)
    const half = await magpie(["publish", "chat/half", "say"], { input: "1\n2\nhello\n" })
    expect(half).toMatchObject({ code: 2, out: "stored as 1 of chat/half, level disk\nstored as 2 of chat/half, level disk\n" })
    const nobody = await magpie(["publish", "chat/a", "say", "1", "--url", "ws://127.0.0.1:1", "--timeout", "1s"])
    expect([nobody.code, nobody.err.includes("TIMEOUT")]).toEqual([1, true])
  })
})

describe("magpie tail", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("[G4] begins where it is told, prints what comes and ends after so many, or when it is stopped", async () => {
    await magpie(["publish", "chat/tail", "say"], { input: "1\n2\n3\n" })
    const some = await magpie(["tail", "chat/tail", "--last", "2", "--count", "2", "--json"])
    expect(jsonLines(some.out)).toMatchObject([
      { type: "message", offset: 2, data: 2 },
      { type: "message", offset: 3, data: 3 },
    ])
    const following = startMagpie(["tail", "chat/tail", "--last", "1"], options())
    await until(() => following.out().includes("say  3"))
    await magpie(["publish", "chat/tail", "say", "4"])
    await until(() => following.out().includes("say  4"))
    following.child.kill("SIGINT")
    expect(await following.ended).toMatchObject({ code: 0 })
    expect(following.out().trim().split("\n")).toHaveLength(2)
  })

  it("ends without a word where nobody reads it any more", async () => {
    await magpie(["publish", "chat/pipe", "say"], { input: "1\n2\n3\n" })
    const { child, ended } = startMagpie(["tail", "chat/pipe", "--last", "1"], options())
    await once(child.stdout ?? child, "data")
    child.stdout?.destroy()
    await magpie(["publish", "chat/pipe", "say", "4"])
    expect(await ended).toMatchObject({ code: 0, err: "" })
  })

  it("ends with 1 where it may not follow", async () => {
    const { code, err } = await magpie(["tail", "nowhere/at/all"])
    expect([code, err.includes("UNKNOWN_CHANNEL")]).toEqual([1, true])
  })
})

describe("magpie history", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("prints the newest, those before and those after an offset, oldest first", async () => {
    await magpie(["publish", "chat/history", "say"], { input: Array.from({ length: 450 }, (_, index) => `${index + 1}\n`).join("") })
    const offsets = async (...args: readonly string[]) =>
      jsonLines<{ offset: number }>((await magpie(["history", "chat/history", "--json", ...args])).out).map(({ offset }) => offset)
    const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
    expect(await offsets()).toEqual(numbers(401, 450))
    expect(await offsets("--limit", "430")).toEqual(numbers(21, 450))
    expect(await offsets("--limit", "3", "--before", "10")).toEqual([7, 8, 9])
    expect(await offsets("--limit", "500", "--before", "3")).toEqual([1, 2])
    expect(await offsets("--limit", "3", "--after", "10")).toEqual([11, 12, 13])
    expect(await offsets("--limit", "1000", "--after", "0")).toEqual(numbers(1, 450))
    const { out } = await magpie(["history", "chat/history", "-n", "1"])
    expect(out).toMatch(/^450 {2}\d{4}-\d\d-\d\dT\S+Z {2}- {2}say {2}450\n$/)
  })
})
