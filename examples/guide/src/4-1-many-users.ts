import { anonymous, contract, createServer } from "@magpie/server"

/** 4.1: many users on a plain endpoint. The endpoint keeps the list of connections; nobody adds to it or removes from it by hand. */
export async function startServer({ port = 8080 } = {}) {
  const server = createServer(contract({}), { auth: anonymous(), origins: "any" })

  const endpoint = server.endpoint("/", (ws) => {
    console.log("新客戶端已連接，總連接數：", endpoint.clients.size)

    ws.on("message", (message) => {
      // 將訊息廣播給所有連接中的客戶端
      endpoint.broadcast(`廣播訊息：${message}`)
    })

    ws.on("close", () => {
      console.log("客戶端已斷開，總連接數：", endpoint.clients.size)
    })
  })

  const listening = await server.listen({ port })
  console.log(`多用戶 WebSocket 伺服器已在 ws://localhost:${listening.port} 上運行`)
  return { port: listening.port, close: () => server.close({ spreadMs: 0 }) }
}
