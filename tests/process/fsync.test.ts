import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startServerProcess } from "./server-process.ts"

const SOURCE = fileURLToPath(new URL("failing-fsync.c", import.meta.url))
const compiler = spawnSync("cc", ["--version"]).status === 0

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-fsync-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe.runIf(compiler && process.platform === "linux")("a disk whose flush fails (needs cc on Linux)", () => {
  it("[F105] [G1] acknowledges and delivers nothing unflushed, fences the store, and comes back clean", async () => {
    const library = join(directory, "failing-fsync.so")
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, SOURCE, "-ldl"])
    const flag = join(directory, "fail")
    const data = join(directory, "data")
    const server = await startServerProcess({ data, env: { LD_PRELOAD: library, MAGPIE_FAIL_FSYNC: flag } })
    const ann = joinChat(server.url, "ann")
    const bob = joinChat(server.url, "bob")
    await until(() => ann.listens && bob.listens)
    for (const n of [1, 2, 3]) expect(await ann.send(n)).toBe(n)
    await until(() => bob.heard.length === 3)

    writeFileSync(flag, "")
    const settled: number[] = []
    const pending = [4, 5, 6].map((n) => ann.send(n).then((offset) => settled.push(offset)))
    await until(() => server.output.includes("journal.fenced"))
    // The fence is up and publishes are refused for good; reading goes on.
    const page = await bob.client.channel("chat/lobby").history({ limit: 10 })
    expect(page.messages.map((message) => message.data.n)).toEqual([1, 2, 3])
    expect([settled, ann.heard.length, bob.heard.length]).toEqual([[], 3, 3])

    server.signal("SIGTERM")
    expect(await server.exited).toBe(0)
    rmSync(flag)
    const restarted = await startServerProcess({ data, port: server.port })
    await Promise.all(pending)
    await until(() => bob.heard.length >= 6)
    expect(settled.sort()).toEqual([4, 5, 6])
    expect(bob.heard).toEqual([1, 2, 3, 4, 5, 6].map((n) => `ann ${n}`))
    expect(bob.offsets).toEqual([1, 2, 3, 4, 5, 6])
    await Promise.all([ann.client.close(), bob.client.close()])
    await restarted.kill()
  }, 60_000)
})
