import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { joinChat, until } from "./chat-pair.ts"
import { startServerProcess } from "./server-process.ts"

const SOURCE = fileURLToPath(new URL("full-disk.c", import.meta.url))
const compiler = spawnSync("cc", ["--version"]).status === 0

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-full-disk-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** What the server says to one publish without a client that would try again. */
async function publishOnce(url: string, n: number): Promise<Record<string, unknown>> {
  const socket = new WebSocket(`${url}/magpie`, "magpie.v1.json")
  const replies: Record<string, unknown>[] = []
  socket.on("open", () => socket.send('{"type":"hello","version":1}'))
  socket.on("message", (frame) => {
    for (const line of frame.toString().split("\n")) replies.push(JSON.parse(line))
  })
  await until(() => replies.some(({ type }) => type === "welcome"))
  socket.send(JSON.stringify({ type: "publish", id: 1, channel: "chat/lobby", name: "say", data: { n, by: "once" }, key: `once-${n}` }))
  await until(() => replies.some(({ id }) => id === 1))
  socket.close()
  return replies.find(({ id }) => id === 1) ?? {}
}

describe.runIf(compiler && process.platform === "linux")("a disk without space under LMDB (needs cc on Linux)", () => {
  it.each([
    ["refuses every write", ""],
    ["takes the first half of a write", "short"],
  ])(
    "[F106] [G1] that %s: publishes are UNAVAILABLE, reading goes on, and with space everything does, over a kill too",
    async (_, how) => {
      const library = join(directory, "full-disk.so")
      execFileSync("cc", ["-shared", "-fPIC", "-o", library, SOURCE, "-ldl"])
      const flag = join(directory, "full")
      const data = join(directory, "data")
      const server = await startServerProcess({ data, env: { LD_PRELOAD: library, MAGPIE_FULL_DISK: flag } })
      const ann = joinChat(server.url, "ann")
      const bob = joinChat(server.url, "bob")
      await until(() => ann.listens && bob.listens)
      for (const n of [1, 2, 3]) expect(await ann.send(n)).toBe(n)
      await until(() => bob.heard.length === 3)

      writeFileSync(flag, how)
      const settled: number[] = []
      const pending = [4, 5, 6].map((n) => ann.send(n).then((offset) => settled.push(offset)))
      for (const n of [1, 2, 3]) {
        expect(await publishOnce(server.url, n)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true })
      }
      const page = await bob.client.channel("chat/lobby").history({ limit: 10 })
      expect(page.messages.map((message) => message.data.n)).toEqual([1, 2, 3])
      expect([settled, ann.heard.length, bob.heard.length]).toEqual([[], 3, 3])

      rmSync(flag)
      await Promise.all(pending)
      await until(() => bob.heard.length === 6)
      expect(await publishOnce(server.url, 1)).toMatchObject({ type: "published", position: { offset: 7 } })
      expect([server.running, server.output.includes("journal.fenced")]).toEqual([true, false])

      await server.kill()
      const restarted = await startServerProcess({ data, port: server.port })
      expect(await ann.send(8)).toBe(8)
      await until(() => bob.heard.length === 8)
      expect(bob.heard).toEqual([...[1, 2, 3, 4, 5, 6].map((n) => `ann ${n}`), "once 1", "ann 8"])
      expect(bob.offsets).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      await Promise.all([ann.client.close(), bob.client.close()])
      await restarted.kill()
    },
    60_000,
  )
})
