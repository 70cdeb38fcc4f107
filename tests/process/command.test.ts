import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { jwtVerify } from "jose"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startServerProcess } from "./server-process.ts"

const MAGPIE = fileURLToPath(new URL("../../packages/cli/bin/magpie.js", import.meta.url))
const SECRET = "a secret of at least thirty-two bytes"

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-command-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function magpie(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAGPIE, ...args], { cwd: directory, env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    )
  })
}

describe("magpie token", () => {
  it("signs a token with the claims that were asked for", async () => {
    const { code, out } = await magpie(["token", "ann", "--expires-in", "15m", "--claim", 'rooms=["lobby"]', "--claim", "role=host"], {
      MAGPIE_SECRET: SECRET,
    })
    expect(code).toBe(0)
    const { payload } = await jwtVerify(out.trim(), new TextEncoder().encode(SECRET))
    expect(payload).toMatchObject({ sub: "ann", rooms: ["lobby"], role: "host" })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900)
  })

  it("refuses a short secret and a bad duration with exit code 2, without saying the secret", async () => {
    const short = await magpie(["token", "ann"], { MAGPIE_SECRET: "canary" })
    expect([short.code, short.out]).toEqual([2, ""])
    expect(short.err).not.toContain("canary")
    expect((await magpie(["token", "ann", "--expires-in", "soon"], { MAGPIE_SECRET: SECRET })).code).toBe(2)
  })
})

describe("magpie serve", () => {
  it("says what it can do, and answers a wrong call with exit code 2", async () => {
    const help = await magpie(["--help"])
    expect(help.code).toBe(0)
    expect(help.out).toContain("serve")
    expect((await magpie(["serve", "--port", "many"])).code).toBe(2)
    expect((await magpie(["fly"])).code).toBe(2)
  })

  it("names what is wrong with a configuration", async () => {
    writeFileSync(join(directory, "magpie.config.mjs"), "export default { port: 1 }\n")
    const missing = await magpie(["serve"])
    expect(missing.code).toBe(2)
    expect(missing.err).toContain("needs a default export with contract, auth and channels")
    expect((await magpie(["serve", "--config", "nowhere.ts"])).err).toContain("nowhere.ts: cannot be loaded")
  })

  it("names a directory of pages that is not there", async () => {
    const config = fileURLToPath(new URL("pages.config.mjs", import.meta.url))
    const { code, err } = await magpie(["serve", "--config", config, "--port", "0"])
    expect(code).toBe(2)
    expect(err).toContain("static: there is no directory")
  })

  it("runs open channels without a configuration, on this machine only", async () => {
    const child = spawn(process.execPath, [MAGPIE, "serve", "--port", "0"], { cwd: directory, stdio: ["ignore", "pipe", "ignore"] })
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
    })
    await until(() => out.includes("Stop with"))
    expect(out).toMatch(/ws:\/\/127\.0\.0\.1:\d+\/magpie/)
    child.kill("SIGINT")
    expect((await once(child, "exit"))[0]).toBe(0)
  })

  it("[F84] stops gently on SIGTERM: what was accepted is acknowledged, and it is there after a restart", async () => {
    const data = join(directory, "data")
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
    const data = join(directory, "data")
    const server = await startServerProcess({ data })
    server.signal("SIGTERM")
    server.signal("SIGTERM")
    await server.exited
    const again = await startServerProcess({ data })
    expect(again.running).toBe(true)
    await again.kill()
  })

  it("[F108] refuses a data directory that another server holds", async () => {
    const data = join(directory, "data")
    const server = await startServerProcess({ data })
    await expect(startServerProcess({ data })).rejects.toThrow(/CONFLICT/)
    await server.kill()
    const after = await startServerProcess({ data })
    await after.kill()
  })
})
