import { connect } from "@magpie/client"
import { broadcast, contract } from "@magpie/protocol"
import { anonymous, createServer } from "@magpie/server"
import { WebSocket } from "ws"
import { z } from "zod"

/** 4.4: the types of message, each with the shape of its content. This takes the place of `switch (data.type)`. */
export const app = contract({
  game: broadcast({
    messages: {
      chat: z.object({ content: z.string().max(2_000) }),
      update: z.object({ content: z.string().max(2_000) }),
    },
  }),
})

export async function startServer({ port = 8080 } = {}) {
  const server = createServer(app, { auth: anonymous() })

  server.channel("game", {
    authorize: () => true,
    // One function for each type. Any other type was refused with BAD_REQUEST before it came this far.
    accept: {
      chat({ data }) {
        console.log(`聊天訊息：${data.content}`)
      },
      update({ data }) {
        console.log(`更新資料：${data.content}`)
      },
    },
  })

  const listening = await server.listen({ port })
  return { port: listening.port, close: () => server.close({ spreadMs: 0 }) }
}

/** With the SDK, a wrong type or a wrong content does not compile, and fails here before it is sent. */
export async function startClient({ port = 8080 } = {}) {
  const magpie = connect(`ws://localhost:${port}`, { contract: app })
  const game = magpie.channel("game")
  await game.subscribe()
  return {
    chat: (content: string) => game.sendAcknowledged("chat", { content }),
    update: (content: string) => game.sendAcknowledged("update", { content }),
    close: () => magpie.close(),
  }
}

/** Without the SDK: JSON with a `type`, as the guide has it. `id` comes back on the answer. */
export function startPlainClient({ port = 8080 } = {}) {
  const ws = new WebSocket(`ws://localhost:${port}/magpie`)

  ws.onopen = () => {
    ws.send(JSON.stringify({ type: "publish", id: 1, channel: "game", name: "chat", data: { content: "大家好" } }))
    ws.send(JSON.stringify({ type: "publish", id: 2, channel: "game", name: "update", data: { content: "第二回合" } }))
    ws.send(JSON.stringify({ type: "publish", id: 3, channel: "game", name: "attack", data: { content: "?" } }))
  }

  ws.onmessage = (event) => {
    const answer = JSON.parse(String(event.data))
    if (answer.type === "published") console.log(`已送達：${answer.id}`)
    if (answer.type === "error") console.log(`未知的訊息類型（${answer.code}）：${answer.message}`)
  }

  return { close: () => ws.close() }
}
