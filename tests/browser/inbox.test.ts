import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { connect } from "@magpie/client"
import type { messageList } from "@magpie/client/changes"
import type { Inbox, inbox } from "@magpie/client/inbox"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { joinChat } from "../process/chat-pair.ts"
import { type ServerProcess, startServerProcess } from "../process/server-process.ts"
import { launchChromium } from "./chromium.ts"
import { bundlePageScript } from "./page-script.ts"

/** What the page of this test has. */
declare const magpie: {
  readonly connect: typeof connect
  readonly inbox: typeof inbox
  readonly messageList: typeof messageList
}
type Opened = typeof globalThis & { box: Inbox }

const PAGE = `
  export { connect } from "./index.ts"
  export { inbox } from "./inbox/index.ts"
  export { messageList } from "./changes/index.ts"
`

let browser: Browser
let data: string
let server: ServerProcess
/** The page itself comes from a server of its own, which is always there. */
let site: Server
beforeAll(async () => {
  const content = `<!doctype html><title>Chat</title><script>${await bundlePageScript(PAGE)}</script>`
  site = createServer((_request, response) => response.setHeader("content-type", "text/html; charset=utf-8").end(content))
  await once(site.listen(0, "localhost"), "listening")
  data = mkdtempSync(join(tmpdir(), "magpie-inbox-"))
  server = await start()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await server?.kill()
  site?.close()
  rmSync(data, { recursive: true, force: true })
})

const siteAddress = (): string => `http://localhost:${(site.address() as AddressInfo).port}`
const start = (port = 0): Promise<ServerProcess> => startServerProcess({ data, port, env: { MAGPIE_ORIGINS: siteAddress() } })

/** Shows the lobby in the page, as `state: 1 2 3`. */
function show(page: Page, url: string): Promise<void> {
  return page.evaluate((address) => {
    const client = magpie.connect(address, { backoff: { initialMs: 20, maxMs: 200 } })
    const channel = (client as never as { channel(name: string): Parameters<typeof magpie.messageList>[0] }).channel("chat/lobby")
    const box = magpie.inbox({ name: "page" })
    ;(globalThis as Opened).box = box
    const list = magpie.messageList(channel, { inbox: box })
    list.on("update", () => {
      const numbers = list.messages.map((message) => (message.data as { readonly n?: number }).n)
      document.title = `${list.loaded ? "all" : "kept"}: ${numbers.join(" ")}`
    })
  }, url)
}

const titleIs = (page: Page, title: string) => expect.poll(() => page.title(), { timeout: 60_000 }).toBe(title)

test("[G4] a page that is reloaded while the server is down shows what the device has, and what came since when it is up again", async () => {
  const { port } = server
  const url = `ws://localhost:${port}`
  const talker = joinChat(server.url, "talker")
  for (const n of [1, 2, 3]) await talker.send(n)
  const page = await browser.newPage()
  await page.goto(siteAddress())
  await show(page, url)
  await titleIs(page, "all: 1 2 3")
  await page.evaluate(() => (globalThis as Opened).box.close())

  await server.kill()
  await page.reload()
  await show(page, url)
  await titleIs(page, "kept: 1 2 3")
  const sent = talker.send(4)
  server = await start(port)
  await sent
  await titleIs(page, "all: 1 2 3 4")
  await talker.client.close()
})
