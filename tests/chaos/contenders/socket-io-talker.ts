import { DOWN, UP } from "../servers/chat-server.ts"
import type { ContenderName } from "./contenders.ts"
import { loadSocketIoClient } from "./peers.ts"
import type { Talker, TalkerOptions } from "./talker.ts"

/** As in the documentation of `retries`: a second for each try. */
const RETRIES = { retries: 20, ackTimeout: 1_000 }

export function openSocketIoTalker(contender: ContenderName, { port, events }: TalkerOptions): Talker {
  const retrying = contender === "socket.io+retries"
  const open = loadSocketIoClient()
  const socket = open(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, ...(retrying ? RETRIES : {}) })
  let waiting = 0
  for (const channel of [UP, DOWN]) socket.on(channel, (word) => events.onHeard(channel, word))
  return {
    ready: new Promise((resolve) => socket.on("connect", resolve)),
    get settled() {
      return socket.connected && socket.sendBuffer.length === 0 && waiting === 0
    },
    say(word) {
      if (!retrying) {
        socket.emit("say", word)
        return events.onAccepted(word)
      }
      waiting++
      socket.emit("say", word, (failure: Error | null) => {
        waiting--
        if (failure === null) events.onAccepted(word)
        else events.onRefused(failure)
      })
    },
    async close() {
      socket.disconnect()
    },
  }
}
