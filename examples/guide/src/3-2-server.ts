import { anonymous, contract, createServer } from "@magpie/server"

/** 3.2: a plain WebSocket server. Every message is answered with the same sentence. */
export async function startServer({ port = 8080 } = {}) {
  // The guide's client is typed into the console of any page, so any page may connect.
  const server = createServer(contract({}), { auth: anonymous(), origins: "any" })

  server.endpoint("/", (ws) => {
    console.log("客戶端已連接")

    // 接收來自客戶端的訊息
    ws.on("message", (message) => {
      console.log(`收到訊息：${message}`)
      ws.send("伺服器已收到您的訊息") // 回應客戶端
    })

    // 處理連接關閉
    ws.on("close", () => {
      console.log("客戶端已斷開連接")
    })
  })

  const listening = await server.listen({ port })
  console.log(`WebSocket 伺服器已在 ws://localhost:${listening.port} 上運行`)
  return { port: listening.port, close: () => server.close({ spreadMs: 0 }) }
}
