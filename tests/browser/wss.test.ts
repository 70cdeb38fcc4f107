import type { Browser } from "playwright-core"
import { generate } from "selfsigned"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestServer } from "../sockets/test-server.ts"
import { launchChromium } from "./chromium.ts"

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

describe("wss", () => {
  it("carries a browser's messages over TLS with a certificate of our own", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], { algorithm: "sha256" })
    const http = (_request: unknown, response: { end(body: string): void }): void => response.end("<!doctype html><title>wss</title>")
    const running = await startTestServer({}, { tls: { cert, key }, host: "localhost", http })
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    await page.goto(`https://localhost:${running.port}/`)
    const answer = await page.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const socket = new WebSocket(`wss://${location.host}/`)
          socket.onopen = () => socket.send("Hello Server!")
          socket.onmessage = (event) => resolve(String(event.data))
          socket.onerror = () => reject(new Error("the socket failed"))
        }),
    )
    expect(answer).toBe("Hello Server!")
    await page.close()
    await running.close()
  })
})
