import { once } from "node:events"
import { closeSync, cpSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { joinChat, until } from "./chat-pair.ts"
import { spawnServer, startServerProcess } from "./server-process.ts"

const MESSAGES = 300
/** Both of LMDB's meta pages stay: with them the file is one that it opens. */
const SPARED_BYTES = 2 * 4_096

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "magpie-damage-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** In place, as a disk or a memory does it: whoever has the file open sees it too. */
function overwritePages(path: string): void {
  const file = openSync(path, "r+")
  const { size } = fstatSync(file)
  writeSync(file, Buffer.alloc(size - SPARED_BYTES, "another file's block "), 0, size - SPARED_BYTES, SPARED_BYTES)
  closeSync(file)
}

describe("a storage whose pages were damaged while it was open", () => {
  it("[F107] serves nothing wrong, is refused at the next start, which names the backup, and that one serves again", async () => {
    const data = join(home, "data")
    const backup = join(home, "backup")
    const first = await startServerProcess({ data })
    const ann = joinChat(first.url, "ann")
    await Promise.all(Array.from({ length: MESSAGES }, (_, index) => ann.send(index + 1)))
    await ann.client.close()
    first.signal("SIGTERM")
    expect(await first.exited).toBe(0)
    cpSync(data, backup, { recursive: true })

    const server = await startServerProcess({ data })
    overwritePages(join(data, "magpie", "data.mdb"))
    const bob = joinChat(server.url, "bob")
    const asked = bob.client.channel("chat/lobby").history({ limit: 500 })
    // Either LMDB says that it met a damaged page, or it ends the process.
    const answer = await Promise.race([asked.catch((error: unknown) => error), server.exited.then(() => "ended" as const)])
    if (answer !== "ended") expect(answer).toMatchObject({ code: "STORAGE_FENCED" })
    expect(bob.heard).toEqual([])
    await bob.client.close()
    await server.kill()

    const refused = spawnServer({ data })
    let said = ""
    for (const stream of [refused.stdout, refused.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()))
    expect((await once(refused, "close"))[0]).not.toBe(0)
    expect(said).toContain("restore a backup")

    const restored = await startServerProcess({ data: backup })
    const cat = joinChat(restored.url, "cat")
    const { messages } = await cat.client.channel("chat/lobby").history({ limit: 500 })
    expect(messages.map(({ data: { n } }) => n)).toEqual(Array.from({ length: MESSAGES }, (_, index) => index + 1))
    expect(await cat.send(1)).toBe(MESSAGES + 1)
    await until(() => cat.heard.length > 0)
    await cat.client.close()
    await restored.kill()
  }, 60_000)
})
