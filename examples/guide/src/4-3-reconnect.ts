import { connect } from "@magpie/client"
import { contract, stream } from "@magpie/protocol"
import { anonymous, createServer } from "@magpie/server"
import { z } from "zod"

/** A stream keeps its messages, so that one who was away gets what was missed. */
export const app = contract({
  chat: stream({ messages: { say: z.string().max(2_000) } }),
})

export async function startServer({ port = 8080 } = {}) {
  const server = createServer(app, { auth: anonymous() })
  server.channel("chat", { authorize: () => true })
  const listening = await server.listen({ port })
  return { port: listening.port, close: () => server.close({ spreadMs: 0 }) }
}

/**
 * 4.3: a client that reconnects. Instead of 3 seconds each time, the wait is random below a bound that doubles with each
 * failure: 0.5 s, 1 s, 2 s … 20 s. The subscription goes on where it was, and what was sent meanwhile is sent then.
 */
export function createConnection({ port = 8080 } = {}) {
  const magpie = connect(`ws://localhost:${port}`, { contract: app, backoff: { initialMs: 500, maxMs: 20_000 } })
  let connections = 0

  magpie.on("status", ({ to, retryInMs = 0 }) => {
    if (to === "online") console.log(connections++ === 0 ? "已連接到伺服器" : "已重新連接到伺服器")
    if (to === "reconnecting") console.log(`連接已中斷，${(retryInMs / 1_000).toFixed(1)} 秒後嘗試重新連接...`)
  })

  magpie.on("error", (error) => {
    console.error("WebSocket 錯誤：", error.message)
  })

  const chat = magpie.channel("chat")
  chat.on("say", ({ data }) => {
    console.log(`伺服器回應：${data}`)
  })

  return {
    /** Resolves when the message is stored, however often the link breaks until then. */
    say: (text: string) => chat.send("say", text),
    close: () => magpie.close(),
  }
}
