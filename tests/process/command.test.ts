import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { anonymous, auditFile, command, contract, createServer, json } from "@magpie/server"
import { jwtVerify } from "jose"
import { describe, expect, it } from "vitest"
import { temporaryDirectory } from "../snippets.ts"
import { joinChat, until } from "./chat-pair.ts"
import { emptyDirectory, type MagpieOptions, PROCESS_TIMEOUT_MS, magpie as run, startMagpie } from "./magpie.ts"
import { startServerProcess } from "./server-process.ts"

const SECRET = "a secret of at least thirty-two bytes"

const directory = emptyDirectory()
const magpie = (args: readonly string[], options: MagpieOptions = {}) => run(args, { cwd: directory.path, ...options })

describe("the magpie command", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("says what it can do, as a whole and for each command", async () => {
    const help = await magpie(["--help"])
    expect(help.code).toBe(0)
    for (const name of ["init", "serve", "check", "doctor", "publish", "tail", "history", "call", "device", "audit", "token", "completion"])
      expect(help.out).toContain(`  ${name} `)
    const [asked, flagged] = await Promise.all([magpie(["help", "tail"]), magpie(["tail", "--help"])])
    expect([asked.code, flagged.code, asked.out]).toEqual([0, 0, flagged.out])
    expect(asked.out).toContain("Usage: magpie tail <channel> [options]")
    expect((await magpie(["--version"])).out).toBe("0.1.0\n")
  })

  it("answers a wrong call with exit code 2, in words or as JSON", async () => {
    expect((await magpie([])).code).toBe(2)
    expect(await magpie(["fly"])).toMatchObject({ code: 2, out: "", err: expect.stringContaining('no command "fly"') })
    expect((await magpie(["serve", "--port", "many"])).err).toContain('--port: "many" is no whole number from 0 to 65535')
    expect((await magpie(["tail"])).err).toContain("magpie tail needs <channel>")
    expect((await magpie(["token", "ann", "bob"])).err).toContain('magpie token takes no "bob"')
    const json = await magpie(["serve", "--prot", "1", "--json"])
    expect(json.code).toBe(2)
    expect(JSON.parse(json.err)).toMatchObject({
      error: { code: "INVALID_OPTIONS", message: expect.stringContaining("--prot"), retryable: false },
    })
  })

  it("writes no colour where nobody sees it", async () => {
    expect((await magpie(["help"], { env: { FORCE_COLOR: "1", TERM: "xterm" } })).out).not.toContain("\u001b")
  })

  it("completes its commands and options in bash", async () => {
    const { out, code } = await magpie(["completion", "bash"])
    expect(code).toBe(0)
    writeFileSync(join(directory.path, "completion.bash"), out)
    const complete = (...words: readonly string[]): readonly string[] =>
      execFileSync(
        "bash",
        [
          "-c",
          `source completion.bash; COMP_WORDS=(magpie "$@"); COMP_CWORD=$#; _magpie; printf '%s\\n' "\${COMPREPLY[@]}"`,
          "bash",
          ...words,
        ],
        { cwd: directory.path, encoding: "utf8" },
      )
        .split("\n")
        .filter((word) => word !== "")
    expect(complete("h")).toEqual(["history", "help"])
    expect(complete("tail", "chat/a", "--l")).toEqual(["--last"])
    expect(complete("completion", "z")).toEqual(["zsh"])
    expect(complete("serve", "--config", "compl")).toEqual(["completion.bash"])
    for (const shell of ["zsh", "fish"]) expect((await magpie(["completion", shell])).out).toContain("expires-in")
    expect((await magpie(["completion", "csh"])).code).toBe(2)
  })
})

describe("magpie audit", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("[F116] verifies the record of commands, and says where it was changed with exit code 1", async () => {
    const kept = temporaryDirectory("audit")
    const server = createServer(contract({ "tools/:name": command({ ask: { input: json(), output: json() } }) }), {
      ...{ auth: anonymous(), audit: auditFile({ directory: kept.path }), log: () => {} },
    })
    server.channel("tools/:name", { authorize: () => true, handle: { ask: () => 7 } })
    await server.listen({ port: 0, host: "127.0.0.1" })
    await server.channel("tools/any").call("ask", null, { id: "c1", from: "ann" })
    await server.close({ spreadMs: 0 })
    const right = await magpie(["audit", kept.path, "--print"])
    expect([right.code, right.err]).toEqual([0, ""])
    expect(right.out).toMatch(
      /2 \S+ call tools\/any ask c1 by ann\n3 \S+ end tools\/any c1 done\nok 3 lines, all signed\nhead 3:[0-9a-f]{64}\n/,
    )
    const head = right.out.trim().split(" ").at(-1) ?? ""
    expect((await magpie(["audit", kept.path, "--head", head, "--public-key", join(kept.path, "audit.pub")])).code).toBe(0)
    const file = join(kept.path, "audit-000001.jsonl")
    writeFileSync(file, readFileSync(file, "utf8").replace('"from":"ann"', '"from":"bob"'))
    expect(await magpie(["audit", kept.path])).toMatchObject({ code: 1, out: expect.stringContaining("changed audit-000001.jsonl:2") })
    expect((await magpie(["audit", "nowhere"])).code).toBe(2)
    kept.remove()
  })
})

describe("magpie token", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("signs a token with the claims that were asked for", async () => {
    const { code, out } = await magpie(["token", "ann", "--expires-in", "15m", "--claim", 'rooms=["lobby"]', "--claim", "role=host"], {
      env: { MAGPIE_SECRET: SECRET },
    })
    expect(code).toBe(0)
    const { payload } = await jwtVerify(out.trim(), new TextEncoder().encode(SECRET))
    expect(payload).toMatchObject({ sub: "ann", rooms: ["lobby"], role: "host" })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900)
  })

  it("refuses a short secret and a bad duration with exit code 2, without saying the secret", async () => {
    const short = await magpie(["token", "ann"], { env: { MAGPIE_SECRET: "canary" } })
    expect([short.code, short.out]).toEqual([2, ""])
    expect(short.err).not.toContain("canary")
    expect((await magpie(["token", "ann", "--expires-in", "soon"], { env: { MAGPIE_SECRET: SECRET } })).code).toBe(2)
  })
})

describe("magpie check", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("names each field that is wrong with its line, and ends with 2", async () => {
    const config = [
      'import { anonymous, contract, json, stream } from "@magpie/server"',
      "export default {",
      '  contract: contract({ "chat/:room": stream({ messages: { say: json() } }) }),',
      "  auth: anonymous(),",
      '  channels: { "chat/:room": { authorize: () => true } },',
      "  // a comment with port: in it",
      '  port: "8080",',
      "  limits: {",
      "    messagesPerSecond: 10, // fine",
      "    conections: 5,",
      "  },",
      "  heartbeat: 1,",
      "}",
    ].join("\n")
    const inside = temporaryDirectory("check")
    writeFileSync(join(inside.path, "checked.config.ts"), config)
    const { code, out } = await magpie(["check", "--config", "checked.config.ts"], { cwd: inside.path })
    inside.remove()
    expect(code).toBe(2)
    expect(out.trim().split("\n")).toEqual([
      "checked.config.ts:12: heartbeat is no option; did you mean heartbeatMs?",
      "checked.config.ts:7: port must be a whole number from 0 to 65535",
      "checked.config.ts:10: limits.conections is no option; did you mean connections?",
    ])
  })

  it("knows what only the server knows, and finds nothing wrong with what serves", async () => {
    const chat = fileURLToPath(new URL("chat.config.mjs", import.meta.url))
    expect(await magpie(["check", "--config", chat])).toMatchObject({ code: 0, out: expect.stringContaining("ok ") })
    expect((await magpie(["check", "--config", chat], { env: { MAGPIE_LIMIT_QUEUED_BYTES: "1000" } })).out).toContain(
      "limits.queuedBytes must be at least 131072",
    )
    expect((await magpie(["check", "--config", chat], { env: { MAGPIE_LIMIT_CONECTIONS: "1000" } })).err).toContain(
      "MAGPIE_LIMIT_CONECTIONS names no limit",
    )
    expect((await magpie(["check"])).code).toBe(0)
  })
})

describe("magpie serve", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("names what is wrong with a configuration", async () => {
    writeFileSync(join(directory.path, "magpie.config.mjs"), "export default { port: 1 }\n")
    const missing = await magpie(["serve"])
    expect(missing.code).toBe(2)
    expect(missing.err).toContain("magpie.config.mjs:1: contract is missing: it must be what contract({ … }) gives")
    expect((await magpie(["serve", "--config", "nowhere.ts"])).err).toContain("nowhere.ts: cannot be loaded")
  })

  it("names a directory of pages that is not there", async () => {
    const config = fileURLToPath(new URL("pages.config.mjs", import.meta.url))
    const { code, err } = await magpie(["serve", "--config", config, "--port", "0"])
    expect(code).toBe(2)
    expect(err).toContain("static names no directory that exists")
  })

  it("runs open channels without a configuration, on this machine only, where the environment says", async () => {
    const { child, out } = startMagpie(["serve"], { cwd: directory.path, env: { MAGPIE_PORT: "0", PORT: "1", MAGPIE_PATH: "/rt" } })
    await until(() => out().includes("Stop with"))
    expect(out()).toMatch(/ws:\/\/127\.0\.0\.1:\d{2,}\/rt/)
    child.kill("SIGINT")
    expect((await once(child, "exit"))[0]).toBe(0)
  })

  it("[F84] stops gently on SIGTERM: what was accepted is acknowledged, and it is there after a restart", async () => {
    const data = join(directory.path, "data")
    const server = await startServerProcess({ data })
    const ann = joinChat(server.url, "ann")
    await ann.send(0)
    const sends = Array.from({ length: 200 }, (_, index) => ann.send(index + 1))
    server.signal("SIGTERM")
    expect(await server.exited).toBe(0)
    const again = await startServerProcess({ data, port: server.port })
    expect(new Set(await Promise.all(sends)).size).toBe(200)
    await until(() => ann.heard.length === 201)
    expect(ann.offsets).toEqual(Array.from({ length: 201 }, (_, index) => index + 1))
    await ann.client.close()
    await again.kill()
  })

  it("[F88] ends at once on a second signal, and opens its storage again", async () => {
    const data = join(directory.path, "data")
    const server = await startServerProcess({ data })
    server.signal("SIGTERM")
    server.signal("SIGTERM")
    await server.exited
    const again = await startServerProcess({ data })
    expect(again.running).toBe(true)
    await again.kill()
  })

  it("[F108] refuses a data directory that another server holds", async () => {
    const data = join(directory.path, "data")
    const server = await startServerProcess({ data })
    await expect(startServerProcess({ data })).rejects.toThrow(/CONFLICT/)
    await server.kill()
    const after = await startServerProcess({ data })
    await after.kill()
  })
})
