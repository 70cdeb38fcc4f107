// Socket.IO over WebSocket, as its documentation shows a chat: everybody joins the room, what one says is sent to all. What
// it handled is told to the runner at once, because nothing here could be asked for it later.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type ContenderName, HEARTBEAT_MS, PONG_TIMEOUT_MS } from "../contenders/contenders.ts"
import { loadSocketIoServer } from "../contenders/peers.ts"
import { answer, note } from "../process/answer.ts"
import { type Word, word, wordId } from "../word.ts"
import { type ChatNote, type ChatQuestions, createSpeaker, DOWN, type Opened, SERVER, UP } from "./chat-server.ts"

const { contender } = JSON.parse(process.argv[2] ?? "{}") as { readonly contender: ContenderName }

const started = performance.now()
const http = createServer()
const Server = loadSocketIoServer()
const io = new Server(http, {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: HEARTBEAT_MS,
  pingTimeout: PONG_TIMEOUT_MS,
  ...(contender === "socket.io+recovery" ? { connectionStateRecovery: {} } : {}),
})

function tell(told: ChatNote): void {
  note(told)
}

io.on("connection", (socket) => {
  if (!socket.recovered) for (const room of [UP, DOWN]) socket.join(room)
  socket.on("say", (said: Word, acknowledge?: () => void) => {
    tell({ handled: wordId(said) })
    io.to(UP).emit(UP, said)
    acknowledge?.()
  })
})

const speaker = createSpeaker((n) => {
  io.to(DOWN).emit(DOWN, word(SERVER, n))
  tell({ spoke: wordId({ by: SERVER, n }) })
})

const questions: ChatQuestions = {
  listen: () =>
    new Promise<Opened>((resolve) => {
      http.listen(0, "127.0.0.1", () => resolve({ port: (http.address() as AddressInfo).port, openedMs: performance.now() - started }))
    }),
  speak: speaker.speak,
  hush: speaker.hush,
}

answer(questions)
