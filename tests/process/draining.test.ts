import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { joinChat, until } from "./chat-pair.ts"
import { spawnServer, startServerProcess } from "./server-process.ts"

const CONFIG = fileURLToPath(new URL("overload.config.mjs", import.meta.url))
const SPREAD_MS = 3_000

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "magpie-drain-"))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

interface Reply {
  readonly type: string
  readonly id?: number
  readonly [field: string]: unknown
}

/** A link of its own, which keeps what it hears and how it ended. */
function link(url: string) {
  const socket = new WebSocket(`${url}/magpie`, "magpie.v1.json")
  const replies: Reply[] = []
  const state: { closed: { code: number; reason: string } | undefined } = { closed: undefined }
  socket.on("open", () => socket.send('{"type":"hello","version":1}'))
  socket.on("message", (frame) => {
    for (const line of frame.toString().split("\n")) replies.push(JSON.parse(line))
  })
  socket.on("close", (code, reason) => {
    state.closed = { code, reason: reason.toString() }
  })
  socket.on("error", () => {})
  return {
    socket,
    replies,
    state,
    send: (message: object) => socket.send(JSON.stringify(message)),
    get welcomed() {
      return replies.some(({ type }) => type === "welcome")
    },
    hint: () => Number(/;retryAfterMs=(\d+)$/.exec(state.closed?.reason ?? "")?.[1]),
  }
}

const publish = (n: number): object => ({
  type: "publish",
  id: n,
  channel: "chat/lobby",
  name: "say",
  data: { n, by: "link" },
  key: `k${n}`,
})

describe("a process that is told to stop", () => {
  it("[F84] [G1] sends its clients away with 1012 and a hint of their own, keeps what it acknowledged, and exits 0", async () => {
    const server = await startServerProcess({ data })
    const links = Array.from({ length: 100 }, () => link(server.url))
    await until(() => links.every(({ welcomed }) => welcomed))
    for (const [n, { send }] of links.entries()) send(publish(n))
    await until(() => links.some(({ replies }) => replies.some(({ type }) => type === "published")))
    server.signal("SIGTERM")
    await until(() => links.some(({ state }) => state.closed !== undefined))
    const late = link(server.url)
    await until(() => [...links, late].every(({ state }) => state.closed !== undefined))
    expect(await server.exited).toBe(0)

    expect(links.map(({ state }) => state.closed?.code)).toEqual(links.map(() => 1012))
    const hints = links.map(({ hint }) => hint())
    for (const hint of hints) expect(hint).toBeLessThanOrEqual(SPREAD_MS)
    expect(new Set(hints).size).toBeGreaterThan(80)
    for (const { replies } of links) expect(replies.at(-1)).toMatchObject({ type: "go-away", reason: "restart" })
    // Turned away with the hint, or too late even for that.
    expect([1012, 1006]).toContain(late.state.closed?.code)
    if (late.state.closed?.code === 1012) expect(late.hint()).toBeGreaterThanOrEqual(0)

    const again = await startServerProcess({ data })
    const reader = link(again.url)
    await until(() => reader.welcomed)
    reader.send({ type: "history", id: 1, channel: "chat/lobby", limit: 500 })
    await until(() => reader.replies.some(({ id }) => id === 1))
    const stored = ((reader.replies.at(-1)?.messages ?? []) as { data: { n: number } }[]).map(({ data: { n } }) => n)
    const acknowledged = links.flatMap(({ replies }, n) => (replies.some(({ type }) => type === "published") ? [n] : []))
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(stored).toEqual(expect.arrayContaining(acknowledged))
    expect(new Set(stored).size).toBe(stored.length)
    await again.kill()
  }, 60_000)

  it("[F88] sends everybody away at once when it is told so twice, and its storage opens again", async () => {
    const config = CONFIG
    const server = await startServerProcess({ data, config, env: { TEST_LIMITS: '{"drainMs":600000,"connectionsPerAddress":10000}' } })
    // So many that the drain alone would take longer than this test.
    const links = Array.from({ length: 300 }, () => link(server.url))
    await until(() => links.every(({ welcomed }) => welcomed))
    links[0]?.send(publish(1))
    await until(() => links[0]?.replies.at(-1)?.type === "published")
    server.signal("SIGTERM")
    await until(() => server.output.includes('"draining"'))
    server.signal("SIGTERM")
    expect(await server.exited).toBe(0)
    await until(() => links.every(({ state }) => state.closed !== undefined))
    expect(links.map(({ state }) => state.closed?.code)).toEqual(links.map(() => 1012))
    const again = await startServerProcess({ data })
    const ann = joinChat(again.url, "ann")
    expect(await ann.send(2)).toBe(2)
    await ann.client.close()
    await again.kill()
  }, 60_000)

  it("[F88] in the middle of its start finishes it, stops cleanly, and its storage opens again", async () => {
    const child = spawnServer({ data, config: CONFIG, env: { TEST_SETUP: "waits" } })
    let output = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    await until(() => output.includes("setting up"))
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
    expect(output).not.toContain("ready")
    const again = await startServerProcess({ data })
    const ann = joinChat(again.url, "ann")
    expect(await ann.send(2)).toBe(2)
    await ann.client.close()
    await again.kill()
  }, 60_000)

  it("[F88] at any other moment of its start leaves a storage that opens", async () => {
    for (let turns = 0; turns < 6; turns++) {
      const child = spawnServer({ data })
      const exited = once(child, "exit")
      // The earlier half before it can have opened anything, the later half as soon as it has said something.
      if (turns >= 3) await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), exited])
      child.kill("SIGTERM")
      const [code, signal] = await exited
      expect(code === 0 || signal === "SIGTERM").toBe(true)
    }
    const after = await startServerProcess({ data })
    expect(after.running).toBe(true)
    await after.kill()
  }, 60_000)

  it("[F88] while it lets old messages go keeps the rest in one piece, and its storage opens again", async () => {
    const messages = 2_000
    const first = await startServerProcess({ data })
    const ann = joinChat(first.url, "ann")
    await Promise.all(Array.from({ length: messages }, (_, index) => ann.send(index + 1)))
    await ann.client.close()
    first.signal("SIGTERM")
    expect(await first.exited).toBe(0)

    // Who waits for it asks as often as it can.
    const env = { TEST_RETENTION: '{"maxAgeMs":1000}', TEST_LIMITS: '{"historyReadsPerSecond":100000}' }
    const trimming = await startServerProcess({ data, config: CONFIG, env })
    const bob = joinChat(trimming.url, "bob")
    // So many go at a time: the first of them are gone, and the next time is a second away.
    while (await isThere(bob, 1)) await new Promise<void>((resolve) => setImmediate(resolve))
    trimming.signal("SIGTERM")
    await until(() => trimming.output.includes('"draining"') || !trimming.running)
    trimming.signal("SIGTERM")
    expect(await trimming.exited).toBe(0)
    await bob.client.close()

    const left = await offsetsOf(data)
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => messages - left.length + 1 + index))
    expect(left.length).toBeLessThan(messages)
    const after = await startServerProcess({ data })
    const cat = joinChat(after.url, "cat")
    expect(await cat.send(1)).toBe(messages + 1)
    await cat.client.close()
    await after.kill()
  }, 60_000)
})

async function isThere({ client }: ReturnType<typeof joinChat>, offset: number): Promise<boolean> {
  const { messages } = await client.channel("chat/lobby").history({ before: offset + 1, limit: 1 })
  return messages.some((message) => message.offset === offset)
}

/** What is in the history of a server that keeps everything, from the oldest on. */
async function offsetsOf(data: string): Promise<number[]> {
  const server = await startServerProcess({ data })
  const reader = joinChat(server.url, "reader")
  const offsets: number[] = []
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const { messages, more } = await reader.client.channel("chat/lobby").history({ before, limit: 500 })
    offsets.unshift(...messages.map(({ offset }) => offset ?? 0))
    if (!more || offsets[0] === undefined) break
    before = offsets[0]
  }
  await reader.client.close()
  await server.kill()
  return offsets
}
