import { firstText, numbered } from "./texts.mjs"

// Engine.IO 4 on a WebSocket, Socket.IO protocol 5: "0" open, "40" connect, "42" event, "43" acknowledgement.

/** @type {import("./wires.mjs").Wire} */
export const socketIo = {
  path: "/socket.io/?EIO=4&transport=websocket",
  async greet(link, { channel, follows }) {
    const connected = firstText(link, (text) => text.startsWith("40"))
    link.send("40")
    await connected
    if (!follows) return
    const joined = firstText(link, (text) => text.startsWith("430"))
    link.send(`420["subscribe","${channel}"]`)
    await joined
  },
  publish: (channel, number) => `42["publish","${channel}",${numbered(number)}]`,
  request: (_channel, number) => `42${number}["ask",${numbered(number)}]`,
  replyNumberAt: 2,
}
