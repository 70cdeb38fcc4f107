import { createServer as createHttp, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { connect } from "@magpie/client"
import type * as transports from "@magpie/client/transports"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type app, closedAfterEach } from "../sockets/test-server.ts"
import { launchChromium } from "./chromium.ts"
import { bundlePageScript } from "./page-script.ts"

/** What the pages of this test have. */
declare const magpie: Pick<typeof transports, "fallback" | "longPoll" | "sse" | "webSocket"> & { readonly connect: typeof connect }

const PAGE = `
  export { connect } from "./index.ts"
  export { fallback, longPoll, sse, webSocket } from "./transports/index.ts"
`
const { closers, start } = closedAfterEach()

let script: string
let browser: Browser
beforeAll(async () => {
  script = await bundlePageScript(PAGE)
  browser = await launchChromium()
})
afterAll(() => browser?.close())

const html = (_request: unknown, response: { setHeader(name: string, value: string): void; end(body: string): void }): void => {
  response.setHeader("Content-Type", "text/html")
  response.end("<!doctype html><title>transports</title>")
}

async function openPage(url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  closers.push(() => page.close())
  // A cookie goes along with requests to the page's own server.
  await page.context().addCookies([{ name: "theme", value: "dark", url }])
  await page.goto(url)
  await page.addScriptTag({ content: script })
  return page
}

/** A page on another port, which is another origin. */
async function startOtherPage(): Promise<string> {
  const other: Server = createHttp(html)
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
  closers.push(async () => {
    other.closeAllConnections()
    await new Promise((resolve) => other.close(resolve))
  })
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
}

/** Talks on a channel with itself; resolves with what it heard. */
function talk(page: Page, port: number, way: "sse" | "longPoll"): Promise<unknown[]> {
  return page.evaluate(
    async ({ port, way }) => {
      const client = magpie.connect<typeof app>(`ws://127.0.0.1:${port}`, { transport: magpie[way]() })
      const heard: unknown[] = []
      const channel = client.channel("chat/a")
      const all = new Promise<void>((resolve) => {
        channel.on("say", ({ data }) => {
          heard.push(data)
          if (heard.length === 20) resolve()
        })
      })
      await channel.subscribe()
      for (let index = 0; index < 20; index++) void channel.send("say", `鵲 ${index}`)
      await all
      await client.close()
      return heard
    },
    { port, way },
  )
}

const SAID = Array.from({ length: 20 }, (_, index) => `鵲 ${index}`)

describe.each(["sse", "longPoll"] as const)("%s in Chromium", (way) => {
  it("[G1][G3] carries a page's session, with a cookie that says nothing", async () => {
    const { server, port } = await start({}, { http: html })
    const page = await openPage(`http://127.0.0.1:${port}/`)
    expect(await talk(page, port, way)).toEqual(SAID)
    await expect.poll(() => server.connections.size, { timeout: 30_000 }).toBe(0)
  })

  it("[F7] carries a session of another origin that is on the list, and of no other", async () => {
    const url = await startOtherPage()
    const { port } = await start({ origins: [new URL(url).origin] })
    const { server, port: closed } = await start()
    const page = await openPage(url)
    expect(await talk(page, port, way)).toEqual(SAID)
    const status = await page.evaluate(
      ({ closed, way }) =>
        new Promise((resolve) => {
          const client = magpie.connect(`ws://127.0.0.1:${closed}`, { transport: magpie[way]() })
          client.on("status", ({ to }) => to === "reconnecting" && resolve(client.close().then(() => to)))
        }),
      { closed, way },
    )
    expect(status).toBe("reconnecting")
    expect(server.connections.size).toBe(0)
  })
})

describe("a page in Chromium", () => {
  it("[F89] remembers over a reload that its network lets no WebSocket through", async () => {
    const { port } = await start({}, { http: html })
    const page = await openPage(`http://127.0.0.1:${port}/`)
    const comeIn = (): Promise<[string | null, number]> =>
      page.evaluate(async (port) => {
        let tried = 0
        const blocked = {
          open(_url: string, _protocols: readonly string[], events: { onClose(code: number, reason: string): void }) {
            tried += 1
            setTimeout(() => events.onClose(1006, ""))
            return { bufferedBytes: 0, send() {}, close() {} }
          },
        }
        const transport = magpie.fallback([magpie.webSocket(blocked), magpie.sse(), magpie.longPoll()])
        const client = magpie.connect(`ws://127.0.0.1:${port}`, { transport })
        await new Promise<void>((resolve) => void client.on("status", ({ to }) => to === "online" && resolve()))
        await client.close()
        return [localStorage.getItem("magpie.transport"), tried]
      }, port)
    expect(await comeIn()).toEqual(["sse", 1])
    await page.reload()
    await page.addScriptTag({ content: script })
    expect(await comeIn()).toEqual(["sse", 0])
  })

  it("[F89][G4] a plain EventSource comes back by itself after the last message that it got", async () => {
    const { server, port } = await start({}, { http: html })
    await server.channel("chat/a").publish("say", "one")
    const page = await openPage(`http://127.0.0.1:${port}/`)
    await page.evaluate(async () => {
      const heard: unknown[] = []
      Object.assign(window, { heard })
      const source = new EventSource("/magpie/sse?channel=chat/a&last=10")
      source.onmessage = ({ data }) => void heard.push(JSON.parse(data).data)
      await new Promise<void>((resolve) => {
        source.addEventListener("message", () => resolve(), { once: true })
      })
    })
    const heardBy = (): Promise<unknown> => page.evaluate(() => (window as unknown as { heard: unknown[] }).heard)
    expect(await heardBy()).toEqual(["one"])
    for (const connection of server.connections) connection.disconnect()
    for (const text of ["two", "three"]) await server.channel("chat/a").publish("say", text)
    await expect.poll(heardBy, { timeout: 30_000 }).toEqual(["one", "two", "three"])
    await server.channel("chat/a").publish("say", "four")
    await expect.poll(heardBy, { timeout: 30_000 }).toEqual(["one", "two", "three", "four"])
  })
})
