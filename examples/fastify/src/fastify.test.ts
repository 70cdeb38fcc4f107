import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { app } from "./contract.ts"
import { type Running, startServer } from "./server.ts"

const KEY = "the key of the editors"

let running: Running
let host: string
beforeEach(async () => {
  running = await startServer(KEY)
  host = `127.0.0.1:${(running.http.address() as AddressInfo).port}`
})
afterEach(() => running.close())

describe("Magpie beside Fastify", () => {
  test("shares the port: pages, the HTTP API, and channels that code and back ends publish to", async () => {
    expect(await (await fetch(`http://${host}/`)).text()).toBe("the front page")

    const reader = connect(`ws://${host}`, { contract: app })
    const titles: string[] = []
    const news = reader.channel("news/today")
    const both = new Promise<void>((resolve) => {
      news.on("headline", ({ data }) => {
        if (titles.push(data.title) === 2) resolve()
      })
    })
    await news.subscribe()

    const headers = { "Content-Type": "application/json", Connection: "close" }
    const posted = await fetch(`http://${host}/headlines`, { method: "POST", headers, body: JSON.stringify({ title: "by a route" }) })
    expect([posted.status, await posted.json()]).toEqual([201, { offset: 1 }])
    const published = await fetch(`http://${host}/magpie/api/v1/publish`, {
      method: "POST",
      headers: { ...headers, "X-Api-Key": KEY },
      body: JSON.stringify({ channel: "news/today", name: "headline", data: { title: "by a back end" } }),
    })
    expect(published.status).toBe(200)
    await both
    expect(titles).toEqual(["by a route", "by a back end"])
    await reader.close()
  })

  test("answers the framework's own 404, and the API's below its prefix", async () => {
    expect((await fetch(`http://${host}/nothing`)).status).toBe(404)
    const answered = await fetch(`http://${host}/magpie/api/v1/nothing`)
    expect([answered.status, await answered.json()]).toMatchObject([404, { code: "BAD_REQUEST" }])
  })
})
