// What one writes on `ws` in ten minutes: each update of a quote goes to all who follow it, at once and in full.
import { WebSocketServer } from "ws"
import { answer } from "../harness/answer.mjs"
import { createMarket, feed, keyOf } from "../table/market.mjs"

/** By key: who follows it. @type {Map<string, Set<import("ws").WebSocket>>} */
const followers = new Map()
const market = createMarket()

function start(/** @type {(port: number) => void} */ listening) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false })
  server.on("listening", () => listening(/** @type {any} */ (server.address()).port))
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      for (const key of JSON.parse(data.toString())) followers.set(key, (followers.get(key) ?? new Set()).add(socket))
      socket.send("[]")
    })
  })
}

function publish(/** @type {number} */ number) {
  const key = keyOf(number)
  const text = JSON.stringify([{ key, value: market.tick(number) }])
  for (const socket of followers.get(key) ?? []) socket.send(text)
}

answer({ listen: () => new Promise(start), feed: (plan) => feed(publish, plan) })
