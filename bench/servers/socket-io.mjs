// Socket.IO with its defaults, WebSocket only, no authentication, no validation. With a port of Redis: one of several servers.
import { createServer } from "node:http"
import { createAdapter } from "@socket.io/redis-streams-adapter"
import { Redis } from "ioredis"
import { Server } from "socket.io"
import { answer } from "../harness/answer.mjs"

const [redisPort] = process.argv.slice(2)
const http = createServer()
const adapter = redisPort === undefined ? {} : { adapter: createAdapter(new Redis(Number(redisPort), "127.0.0.1")) }
const io = new Server(http, { transports: ["websocket"], serveClient: false, ...adapter })
io.on("connection", (socket) => {
  socket.on("subscribe", (channel, confirm) => {
    socket.join(channel)
    confirm()
  })
  socket.on("publish", (channel, data) => io.to(channel).emit("say", data))
  socket.on("enter", (room, state) => {
    socket.data[room] = state
    io.to(`watching/${room}`).emit("join", { id: socket.id, user: socket.data.user, at: Date.now(), state })
  })
  socket.on("leave", (room) => io.to(`watching/${room}`).emit("leave", { id: socket.id, user: socket.data.user, state: socket.data[room] }))
  socket.on("ask", (_data, reply) => reply())
})

answer({
  listen: () => new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(/** @type {any} */ (http.address()).port))),
})
