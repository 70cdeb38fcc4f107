import type { Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { contract, json, stream } from "@magpie/protocol"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

// It would call home.
process.env.NEXT_TELEMETRY_DISABLED = "1"

const KEY = "the key of the editors"
/** Next compiles a page when it is first asked for. */
const TIMEOUT_MS = 180_000

const app = contract({ "news/:topic": stream({ messages: { headline: json<{ title: string }>() } }) })

let running: { readonly http: HttpServer; close(): Promise<void> }
let host: string
beforeAll(async () => {
  const { startServer } = await import(new URL("server.mjs", import.meta.url).href)
  running = await startServer(KEY, { dev: true })
  host = `127.0.0.1:${(running.http.address() as AddressInfo).port}`
}, TIMEOUT_MS)
afterAll(() => running.close(), TIMEOUT_MS)

describe("Magpie beside Next", { timeout: TIMEOUT_MS }, () => {
  test("shares the port: pages, the HTTP API and channels", async () => {
    const page = await (await fetch(`http://${host}/`)).text()
    expect(page).toContain("the front page")

    const reader = connect(`ws://${host}`, { contract: app })
    const news = reader.channel("news/today")
    const heard = new Promise<string>((resolve) => news.on("headline", ({ data }) => resolve(data.title)))
    await news.subscribe()
    const published = await fetch(`http://${host}/magpie/api/v1/publish`, {
      method: "POST",
      headers: { "X-Api-Key": KEY, "Content-Type": "application/json" },
      body: JSON.stringify({ channel: "news/today", name: "headline", data: { title: "by a back end" } }),
    })
    expect(published.status).toBe(200)
    expect(await heard).toBe("by a back end")
    await reader.close()
  })
})
