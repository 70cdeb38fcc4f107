import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startRelay } from "./relay.ts"
import { startServerProcess } from "./server-process.ts"

const SENDS = 1_000
const numbers = Array.from({ length: SENDS / 2 }, (_, index) => index + 1)

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "magpie-kill-"))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

describe("a chat of two over real sockets", () => {
  it("[G1] [G2] [G3] [F86] ends with the same 1,000 messages when the server is killed with -9 in the middle", async () => {
    let server = await startServerProcess({ data })
    const relay = await startRelay(server.port)
    const ann = joinChat(relay.url, "ann")
    const bob = joinChat(relay.url, "bob")
    await until(() => ann.listens && bob.listens)

    const sends = numbers.flatMap((n) => [ann.send(n), bob.send(n)])
    let kills = 0
    for (const reached of [200, 600]) {
      await until(() => ann.heard.length >= reached)
      await server.kill()
      kills++
      server = await startServerProcess({ data })
      relay.target(server.port)
    }
    const offsets = await Promise.all(sends)
    await until(() => ann.heard.length >= SENDS && bob.heard.length >= SENDS)

    expect(kills).toBe(2)
    expect(new Set(offsets).size).toBe(SENDS)
    expect(ann.heard).toEqual(bob.heard)
    expect(ann.offsets).toEqual(Array.from({ length: SENDS }, (_, index) => index + 1))
    for (const name of ["ann", "bob"]) {
      expect(ann.heard.filter((line) => line.startsWith(name))).toEqual(numbers.map((n) => `${name} ${n}`))
    }
    expect(ann.gaps + bob.gaps).toBe(0)
    await Promise.all([ann.client.close(), bob.client.close()])
    await relay.close()
    await server.kill()
  }, 60_000)

  it("[G2] [F51] ends with the same 1,000 messages when every link is reset every 100 ms", async () => {
    const server = await startServerProcess({ data })
    const relay = await startRelay(server.port)
    const ann = joinChat(relay.url, "ann")
    const bob = joinChat(relay.url, "bob")
    await until(() => ann.listens && bob.listens)

    const resetting = setInterval(() => relay.reset(), 100)
    const offsets: number[] = []
    for (const n of numbers) {
      const pair = [ann.send(n), bob.send(n)]
      // Half the sends wait for their receipts, half are pipelined, so that the run lasts over many resets.
      if (n % 2 === 0) offsets.push(...(await Promise.all(pair)))
      else void Promise.all(pair).then((both) => offsets.push(...both))
    }
    await until(() => offsets.length === SENDS)
    clearInterval(resetting)
    await until(() => ann.heard.length >= SENDS && bob.heard.length >= SENDS)

    expect(relay.resets).toBeGreaterThan(3)
    expect(new Set(offsets).size).toBe(SENDS)
    expect(ann.heard).toEqual(bob.heard)
    expect(ann.offsets).toEqual(Array.from({ length: SENDS }, (_, index) => index + 1))
    for (const name of ["ann", "bob"]) {
      expect(ann.heard.filter((line) => line.startsWith(name))).toEqual(numbers.map((n) => `${name} ${n}`))
    }
    await Promise.all([ann.client.close(), bob.client.close()])
    await relay.close()
    await server.kill()
  }, 60_000)
})
