// Socket.IO with its defaults and the transport that it is told, on an HTTP server whose traffic is counted.
import { createServer } from "node:http"
import { Server } from "socket.io"
import { answer } from "../harness/answer.mjs"
import { countTraffic } from "../harness/traffic.mjs"

const [transport] = process.argv.slice(2)
const http = createServer()
const io = new Server(http, { transports: [/** @type {any} */ (transport)], serveClient: false })
// Behind Socket.IO's own listener, which takes the place of those before it.
const traffic = countTraffic(http)
io.on("connection", (socket) => {
  socket.on("subscribe", (channel, confirm) => {
    socket.join(channel)
    confirm()
  })
  socket.on("publish", (channel, data) => io.to(channel).emit("say", data))
})

answer({
  listen: () => new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(/** @type {any} */ (http.address()).port))),
  traffic,
})
