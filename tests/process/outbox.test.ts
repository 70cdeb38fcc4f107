import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startRelay } from "./relay.ts"
import { startServerProcess } from "./server-process.ts"

const TALKER = fileURLToPath(new URL("outbox-talker.mjs", import.meta.url))
const COUNT = 200

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "magpie-outbox-"))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

interface Talker {
  readonly process: ChildProcess
  /** What it has said, a line each. */
  readonly lines: string[]
  count(word: string): number
  kill(): Promise<void>
}

function startTalker(url: string, life: string, count: number): Talker {
  const child = spawn(process.execPath, [TALKER, url, join(data, "outbox"), life, String(count)], { stdio: ["ignore", "pipe", "inherit"] })
  const lines: string[] = []
  const closed = once(
    createInterface(child.stdout).on("line", (line) => lines.push(line)),
    "close",
  )
  return {
    process: child,
    lines,
    count: (word) => lines.filter((line) => line.startsWith(`${word} `)).length,
    async kill() {
      child.kill("SIGKILL")
      await closed
    },
  }
}

it("[G2] sends once and in order what a process had kept when it was killed with -9, through resets and a killed server", async () => {
  let server = await startServerProcess({ data: join(data, "server") })
  const relay = await startRelay(server.port)
  const kept: number[] = []
  // By what the process has said so far, so that a slow machine is killed in the same places.
  const kills: ((talker: Talker) => boolean)[] = [
    (talker) => talker.count("kept") >= 1,
    (talker) => talker.count("kept") >= 40,
    (talker) => talker.count("confirmed") >= 1,
    (talker) => talker.count("confirmed") >= 60,
    (talker) => talker.count("kept") >= COUNT,
  ]
  for (const [life, isReached] of kills.entries()) {
    const talker = startTalker(relay.url, `life-${life}`, COUNT)
    await until(() => isReached(talker))
    if (life === 2) {
      await server.kill()
      server = await startServerProcess({ data: join(data, "server") })
      relay.target(server.port)
    } else relay.reset()
    await talker.kill()
    kept.push(talker.count("kept"))
    expect(talker.lines.filter((line) => /^(rejected|expired)/.test(line))).toEqual([])
  }
  const last = startTalker(relay.url, `life-${kills.length}`, COUNT)
  kept.push(COUNT)
  await until(() => last.lines.includes("done"))
  await last.kill()

  const reader = joinChat(relay.url, "reader")
  const stored: string[] = []
  let page = await reader.client.channel("chat/lobby").history({ after: 0, limit: 500 })
  stored.push(...page.messages.map((message) => `${message.data.by} ${message.data.n}`))
  for (let next = page.next(); next; next = page.next()) {
    page = await next
    stored.push(...page.messages.map((message) => `${message.data.by} ${message.data.n}`))
  }
  const lives = kept.map((_, life) => stored.filter((line) => line.startsWith(`life-${life} `)))
  for (const [life, lines] of lives.entries()) {
    expect(lines, `life ${life} is stored from its first message on, once and in order`).toEqual(
      lines.map((_, index) => `life-${life} ${index + 1}`),
    )
    expect(lines.length, `life ${life} loses nothing that was kept`).toBeGreaterThanOrEqual(kept[life] ?? 0)
  }
  expect(stored).toEqual(lives.flat())
  await reader.client.close()
  await relay.close()
  await server.kill()
}, 120_000)
