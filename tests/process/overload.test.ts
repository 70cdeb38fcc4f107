import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { Agent, get } from "node:http"
import { connect as connectTcp, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startServerProcess } from "./server-process.ts"

const CONFIG = fileURLToPath(new URL("overload.config.mjs", import.meta.url))

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-overload-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe("a process whose memory is used up", () => {
  it("[F81] [G1] drains and exits 1, and everything that it acknowledged is there after a restart", async () => {
    const data = join(directory, "data")
    // Of so small a part of the heap that it is used up at the first look.
    const env = { TEST_LIMITS: '{"memorySoftPercent":0.001,"memoryHardPercent":0.001}' }
    const server = await startServerProcess({ data, config: CONFIG, env })
    const ann = joinChat(server.url, "ann")
    const acknowledged: number[] = []
    for (let n = 1; n <= 50; n++) {
      void ann.send(n).then(
        (offset) => acknowledged.push(offset),
        () => {},
      )
    }
    expect(await server.exited).toBe(1)
    await ann.client.close()
    expect(server.output).toContain('"state":"exhausted"')
    const again = await startServerProcess({ data })
    const bob = joinChat(again.url, "bob")
    const { messages } = await bob.client.channel("chat/lobby").history({ limit: 500 })
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(messages.map(({ offset }) => offset)).toEqual(expect.arrayContaining(acknowledged))
    await bob.client.close()
    await again.kill()
  }, 60_000)
})

describe("a process that may open no more files", () => {
  it("[F82] serves whom it has, drops whom it cannot take, and takes newcomers again when there is room", async () => {
    const pages = join(directory, "pages")
    mkdirSync(pages)
    writeFileSync(join(pages, "index.html"), "<p>here</p>")
    const data = join(directory, "data")
    // The crowd says nothing, and shall stay all the same.
    const env = { TEST_PAGES: pages, TEST_LIMITS: '{"handshakeMs":600000}' }
    const server = await startServerProcess({ data, config: CONFIG, openFiles: 400, env })
    const [ann, bob] = [joinChat(server.url, "ann"), joinChat(server.url, "bob")]
    await until(() => ann.listens && bob.listens)
    await Promise.all([ann.send(0), bob.send(0)])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await page(server.port, agent)).toBe("<p>here</p>")

    const crowd: Socket[] = []
    let dropped = 0
    while (dropped < 20) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(server.port, "127.0.0.1", resolve)
        socket.on("error", resolve)
        socket.on("close", () => dropped++)
        crowd.push(socket)
      })
    }
    // A page needs a file, which cannot be had; that costs this request and nothing else.
    expect(await page(server.port, agent)).not.toBe("<p>here</p>")
    for (let n = 1; n <= 20; n++) await Promise.all([ann.send(n), bob.send(n)])
    await until(() => ann.heard.length === 42 && bob.heard.length === 42)
    expect(ann.heard).toEqual(bob.heard)

    for (const socket of crowd) socket.destroy()
    const cid = joinChat(server.url, "cid")
    expect(await cid.send(1)).toBe(43)
    expect(await page(server.port, agent)).toBe("<p>here</p>")
    expect([ann.gaps, bob.gaps, server.running]).toEqual([0, 0, true])
    agent.destroy()
    await Promise.all([ann, bob, cid].map(({ client }) => client.close()))
    await server.kill()
  }, 60_000)
})

/** What a page says, or why there is none. */
function page(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    let body = ""
    const failed = (failure: Error): void => resolve(`failed: ${failure.message}`)
    const request = get({ host: "127.0.0.1", port, path: "/", agent }, (response) => {
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on("end", () => resolve(body))
      response.on("error", failed)
    })
    request.on("error", failed)
  })
}
