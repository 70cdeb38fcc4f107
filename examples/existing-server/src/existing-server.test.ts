import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { connect } from "@magpie/client"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import { app, createShopWithMagpie } from "./shop-with-magpie.ts"

const KEY = "the key of the shop itself"

let shop: ReturnType<typeof createShopWithMagpie>
let host: string
beforeEach(async () => {
  shop = createShopWithMagpie(KEY)
  await new Promise<void>((resolve) => shop.http.listen(0, "127.0.0.1", resolve))
  host = `127.0.0.1:${(shop.http.address() as AddressInfo).port}`
})
afterEach(() => shop.close())

describe("Magpie on a server that exists", () => {
  test("leaves pages, forms and the server's own WebSockets as they were", async () => {
    expect(await (await fetch(`http://${host}/`)).text()).toBe("<h1>The shop</h1>")
    expect(await (await fetch(`http://${host}/order`, { method: "POST", body: "a lamp" })).text()).toBe("ordered: a lamp")
    const socket = new WebSocket(`ws://${host}/stock`)
    const [data] = await once(socket, "message")
    expect(String(data)).toBe("12 in stock")
    socket.terminate()
  })

  test("serves channels and the HTTP API on the same port", async () => {
    const client = connect(`ws://${host}`, { contract: app })
    const offers = client.channel("offers/lamps")
    const heard = new Promise<string>((resolve) => offers.on("offer", ({ data }) => resolve(`${data.title} for ${data.cents}`)))
    await offers.subscribe()
    const answered = await fetch(`http://${host}/magpie/api/v1/publish`, {
      method: "POST",
      headers: { "X-Api-Key": KEY, "Content-Type": "application/json", "Idempotency-Key": "offer-1" },
      body: JSON.stringify({ channel: "offers/lamps", name: "offer", data: { title: "A lamp", cents: 1_900 } }),
    })
    expect(answered.status).toBe(200)
    expect(await heard).toBe("A lamp for 1900")
    expect((await fetch(`http://${host}/magpie/api/v1/ready`)).status).toBe(200)
    await client.close()
  })
})
