// Socket.IO with its defaults, WebSocket only, no authentication, no validation.
import { createServer } from "node:http"
import { Server } from "socket.io"
import { answer } from "../harness/answer.mjs"

const http = createServer()
const io = new Server(http, { transports: ["websocket"], serveClient: false })
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
