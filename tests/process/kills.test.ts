import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { startRelay } from "./relay.ts"
import { startServerProcess } from "./server-process.ts"

const ROUNDS = 6

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "magpie-kills-"))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

describe("a store whose process is killed again and again", () => {
  it("[F103] [G1] [G2] holds every acknowledged record once, in order, and opens without help", async () => {
    let server = await startServerProcess({ data })
    const relay = await startRelay(server.port)
    const ann = joinChat(relay.url, "ann")
    const acknowledged = new Map<number, number>()
    let sent = 0
    const send = async (): Promise<void> => {
      const n = ++sent
      acknowledged.set(n, await ann.send(n))
    }
    const sends: Promise<void>[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const before = acknowledged.size
      // A different place of the pipeline each time, right after an acknowledgement.
      const killAfter = before + 1 + ((round * 37) % 90)
      while (acknowledged.size < killAfter) {
        while (sent - acknowledged.size < 100) sends.push(send())
        await until(() => acknowledged.size >= killAfter || sent - acknowledged.size < 100)
      }
      await server.kill()
      const known = new Map(acknowledged)
      server = await startServerProcess({ data })
      relay.target(server.port)
      const reader = joinChat(server.url, "reader")
      const stored = await readAll(reader)
      for (const [n, offset] of known) expect(stored[offset - 1]).toBe(n)
      expect(stored).toEqual(stored.map((_, index) => index + 1))
      await reader.client.close()
    }
    await Promise.all(sends)
    expect([...acknowledged.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, index) => index + 1))
    await ann.client.close()
    await relay.close()
    await server.kill()
  }, 120_000)
})

/** Everything that is stored, by offset. */
async function readAll({ client }: ReturnType<typeof joinChat>): Promise<number[]> {
  const stored: number[] = []
  const room = client.channel("chat/lobby")
  for (let after = 0; ; ) {
    const { messages, more } = await room.history({ after, limit: 500 })
    for (const { data: said } of messages) stored.push((said as { n: number }).n)
    if (!more) return stored
    after = stored.length
  }
}
