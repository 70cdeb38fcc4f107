// What one writes on `ws` in ten minutes: a set of links, a loop over it, nothing checked and nothing kept.
import { WebSocketServer } from "ws"
import { answer } from "../harness/answer.mjs"

/** @type {Map<string, Set<import("ws").WebSocket>>} */
const channels = new Map()

function start(/** @type {(port: number) => void} */ listening) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false })
  server.on("listening", () => listening(/** @type {any} */ (server.address()).port))
  server.on("connection", (socket, { url = "/" }) => {
    if (url === "/echo") {
      socket.on("message", (data) => socket.send(data.toString()))
      return
    }
    const followers = channels.get(url) ?? new Set()
    channels.set(url, followers.add(socket))
    socket.on("close", () => followers.delete(socket))
    socket.on("message", (data) => {
      const text = data.toString()
      for (const follower of followers) follower.send(text)
    })
  })
}

answer({ listen: () => new Promise(start) })
