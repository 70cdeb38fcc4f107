import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@magpie/client"
import { openDocument, type SharedDocument } from "@magpie/client/document"
import { contract, document } from "@magpie/protocol"
import { anonymous, createServer } from "@magpie/server"
import { expect, test } from "vitest"
import { WebSocket } from "ws"
import { encodeStateAsUpdate } from "yjs"
import { lmdb } from "../../packages/journal/src/lmdb/index.ts"

const notes = contract({ "note/:id": document() })

async function start(directory: string) {
  const events: string[] = []
  const server = createServer(notes, {
    auth: anonymous(),
    storage: lmdb({ directory }),
    limits: { documentTail: 20, closeMs: 100 },
    log: (_level, event) => void events.push(event),
  })
  server.channel("note/:id", { authorize: () => true })
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" })
  return { server, events, url: `ws://127.0.0.1:${port}` }
}

const becomes = (opened: SharedDocument, fact: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (fact()) resolve()
    }
    opened.on("state", look)
    opened.on("saved", look)
    opened.doc.on("update", look)
    look()
  })

test("[G8] what two write over real sockets is on the disk, joined there in a worker, and the same for a third after a restart", async () => {
  const directory = mkdtempSync(join(tmpdir(), "magpie-document-"))
  try {
    const first = await start(directory)
    const clients = [connect<typeof notes>(first.url), connect<typeof notes>(first.url)]
    const [one, two] = clients.map((client) => openDocument(client.channel("note/a"))) as [SharedDocument, SharedDocument]
    await Promise.all([one, two].map((each) => becomes(each, () => each.state.state === "live")))
    for (let round = 0; round < 30; round++) {
      one.doc.getText("text").insert(0, `${round} `)
      two.doc.getText("text").insert(two.doc.getText("text").length, ` ${round}`)
      await Promise.all([one, two].map((each) => becomes(each, () => each.saved)))
    }
    expect(one.level).toBe("disk")
    const { length } = one.doc.getText("text").toString()
    await becomes(two, () => two.doc.getText("text").length === length)
    await expect.poll(() => updatesIn(first.url), { timeout: 15_000 }).toBeLessThan(50)
    await Promise.all(clients.map((client) => client.close()))
    await first.server.close({ spreadMs: 0 })
    expect(first.events).not.toContain("document-not-joined")

    const second = await start(directory)
    const late = connect<typeof notes>(second.url)
    const three = openDocument(late.channel("note/a"))
    await becomes(three, () => three.state.state === "live")
    expect(encodeStateAsUpdate(three.doc)).toEqual(encodeStateAsUpdate(one.doc))
    await late.close()
    await second.server.close({ spreadMs: 0 })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

/** How many updates the log of the document has, as a plain client reads it. */
async function updatesIn(url: string): Promise<number> {
  const socket = new WebSocket(`${url}/magpie`)
  try {
    const page = new Promise<number>((resolve, reject) => {
      socket.on("error", reject)
      socket.on("message", (data) => {
        const message = JSON.parse(String(data))
        if (message.type === "history") resolve(message.messages.length)
      })
    })
    socket.on("open", () => socket.send(JSON.stringify({ type: "history", channel: "note/a", limit: 200 })))
    return await page
  } finally {
    socket.close()
  }
}
