// Quotes on Socket.IO with throttling, as one writes it with care: the newest quotes stand in a map, and every half second each
// follower is sent those of its quotes that changed, in one message.
import { createServer } from "node:http"
import { Server } from "socket.io"
import { answer } from "../harness/answer.mjs"
import { createMarket, feed, keyOf } from "../table/market.mjs"

const INTERVAL_MS = 500
const http = createServer()
const io = new Server(http, { transports: ["websocket"], serveClient: false })
const market = createMarket()
/** Numbers of the quotes that changed since they were sent last. @type {Set<number>} */
let dirty = new Set()
/** By follower: the numbers of its quotes. @type {Map<import("socket.io").Socket, readonly number[]>} */
const followers = new Map()

io.on("connection", (socket) => {
  socket.on("follow", (/** @type {readonly string[]} */ keys, confirm) => {
    followers.set(
      socket,
      keys.map((key) => Number(key.slice(3))),
    )
    confirm()
  })
  socket.on("disconnect", () => followers.delete(socket))
})

setInterval(() => {
  if (dirty.size === 0) return
  const changed = dirty
  dirty = new Set()
  for (const [socket, numbers] of followers) {
    const rows = numbers.filter((number) => changed.has(number)).map((number) => ({ key: keyOf(number), value: market.quotes[number] }))
    if (rows.length > 0) socket.emit("quotes", rows)
  }
}, INTERVAL_MS)

function write(/** @type {number} */ number) {
  market.tick(number)
  dirty.add(number)
}

answer({
  listen: () => new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(/** @type {any} */ (http.address()).port))),
  feed: (plan) => feed(write, plan),
})
