import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { connect } from "@magpie/client"
import type { persistent } from "@magpie/client/persistent"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import type { openLanes } from "../../packages/client/src/environment/indexed-db-lanes.ts"
import { LANES_CONFORMANCE } from "../../packages/client/src/lanes/lanes-conformance.fixture.ts"
import { joinChat } from "../process/chat-pair.ts"
import { type ServerProcess, startServerProcess } from "../process/server-process.ts"
import { launchChromium } from "./chromium.ts"
import { bundlePageScript } from "./page-script.ts"

/** What the pages of this test have. */
declare const magpie: {
  readonly connect: typeof connect
  readonly persistent: typeof persistent
  readonly openLanes: typeof openLanes
  readonly LANES_CONFORMANCE: typeof LANES_CONFORMANCE
}

const PAGE = `
  export { connect } from "./index.ts"
  export { persistent } from "./persistent/index.ts"
  export { openLanes } from "./environment/indexed-db-lanes.ts"
  export { LANES_CONFORMANCE } from "./lanes/lanes-conformance.fixture.ts"
`

let script: string
let browser: Browser
let context: BrowserContext
let data: string
let server: ServerProcess
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "magpie-pages-"))
  script = await bundlePageScript(PAGE)
  server = await startServerProcess({ data })
  browser = await launchChromium()
})
beforeEach(async () => {
  await context?.close()
  context = await browser.newContext()
})
afterAll(async () => {
  await browser?.close()
  await server?.kill()
  rmSync(data, { recursive: true, force: true })
})

/** A page of the server's own origin, which counts as safe because it is this machine's. */
async function openPage(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`http://localhost:${server.port}/magpie`)
  await page.addScriptTag({ content: script })
  return page
}

/** Sends texts through an outbox, and resolves when they are kept, or confirmed. */
function talk(page: Page, texts: readonly string[], until: "kept" | "confirmed"): Promise<void> {
  return page.evaluate(
    async ({ url, texts, until }) => {
      const outbox = magpie.persistent({ name: "pages" })
      const client = magpie.connect(url, { outbox, backoff: { initialMs: 20, maxMs: 200 } })
      const lobby = (client as never as { channel(name: string): { send(name: string, data: unknown): Promise<unknown> } }).channel(
        "chat/lobby",
      )
      const done = new Promise<void>((resolve) => {
        const settled = (): boolean =>
          until === "kept" ? outbox.messages.every(({ kept }) => kept) : outbox.messages.length === 0 && client.status.state === "online"
        outbox.on("change", () => settled() && resolve())
        if (texts.length === 0) client.on("status", ({ to }) => to === "online" && settled() && resolve())
      })
      for (const text of texts) lobby.send("say", { n: Number(text), by: "page" }).catch(() => {})
      await done
    },
    { url: server.url.replace("127.0.0.1", "localhost"), texts, until },
  )
}

async function stored(): Promise<number[]> {
  const reader = joinChat(server.url, "reader")
  const page = await reader.client.channel("chat/lobby").history({ after: 0, limit: 500 })
  await reader.client.close()
  return page.messages.filter(({ data }) => data.by === "page").map(({ data }) => data.n)
}

test.each(LANES_CONFORMANCE.map(({ rule }) => rule))("IndexedDB %s", async (rule) => {
  const page = await openPage()
  await page.evaluate(async (wanted) => {
    const found = magpie.LANES_CONFORMANCE.find((each) => each.rule === wanted)
    await found?.check(magpie.openLanes, "place")
  }, rule)
})

test("[F53] another tab does not get a lane that one holds, and gets it when that one is gone, in whatever way", async () => {
  const [one, two] = [await openPage(), await openPage()]
  const held = (page: Page): Promise<boolean> => page.evaluate(async () => (await magpie.openLanes("place").open(0)) === undefined)
  expect(await held(one)).toBe(false)
  expect(await held(two)).toBe(true)
  await one.goto("chrome://crash").catch(() => {})
  await two.waitForFunction(async () => (await magpie.openLanes("place").open(0)) !== undefined)
})

test("[G2] what a page had kept when it crashed without a server is sent by the next one, once and in order", async () => {
  const page = await openPage()
  await talk(page, ["1", "2"], "confirmed")
  const { port } = server
  await server.kill()
  // A second client of the page: it cannot have the first one's lane.
  await talk(page, ["3", "4", "5"], "kept")
  server = await startServerProcess({ data, port })
  await page.goto("chrome://crash").catch(() => {})
  const next = await openPage()
  // The browser has noticed that the page is gone.
  await next.waitForFunction(async () => {
    const lane = await magpie.openLanes("pages").open(1)
    await lane?.close()
    return lane !== undefined
  })
  await talk(next, ["6"], "confirmed")
  expect(await stored()).toEqual([1, 2, 3, 4, 5, 6])
})
