import { connect } from "@magpie/client"
import { broadcast, contract } from "@magpie/protocol"
import { anonymous, createServer } from "@magpie/server"
import { z } from "zod"

/** What server and client agree on: one room, one kind of message. */
export const app = contract({
  room: broadcast({ messages: { message: z.string().max(2_000) } }),
})

/** 4.2: the same as a broadcast channel. The contract checks each message before anybody gets it. */
export async function startServer({ port = 8080 } = {}) {
  const server = createServer(app, { auth: anonymous() })

  server.channel("room", {
    authorize: () => true,
    // 將訊息廣播給所有連接中的客戶端: what is returned here goes out instead of what came in.
    accept: { message: ({ data }) => `廣播訊息：${data}` },
  })

  const listening = await server.listen({ port })
  console.log(`多用戶 WebSocket 伺服器已在 ${listening.url} 上運行`)
  return {
    port: listening.port,
    /** The server itself may speak to everybody too. */
    announce: (text: string) => server.channel("room").publish("message", text),
    close: () => server.close({ spreadMs: 0 }),
  }
}

/** Resolves when the client is in the room: from then on it gets everything. */
export async function joinRoom({ port = 8080 } = {}) {
  const magpie = connect(`ws://localhost:${port}`, { contract: app })
  const room = magpie.channel("room")
  room.on("message", ({ data }) => console.log(data))
  await room.subscribe()
  return { say: (text: string) => room.send("message", text), close: () => magpie.close() }
}
