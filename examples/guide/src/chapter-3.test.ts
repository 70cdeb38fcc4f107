import { readFileSync } from "node:fs"
import { runInNewContext } from "node:vm"
import { afterEach, beforeEach, expect, test } from "vitest"
import { WebSocket } from "ws"
import { startServer } from "./3-2-server.ts"
import { startClient } from "./3-3-node-client.ts"
import { capturePrinted, type Printed } from "./fixtures/printed.ts"
import { closeAllWscats, startWscat } from "./fixtures/wscat.ts"

let printed: Printed
beforeEach(() => {
  printed = capturePrinted()
})
afterEach(async () => {
  printed.restore()
  await closeAllWscats()
})

test("3.2 and 3.3: the server answers the Node client in the guide's words", async () => {
  const server = await startServer({ port: 0 })
  expect(printed.lines).toEqual([`WebSocket 伺服器已在 ws://localhost:${server.port} 上運行`])

  const client = startClient({ port: server.port })
  await printed.line("伺服器回應：伺服器已收到您的訊息")
  expect(printed.lines).toContain("客戶端已連接")
  expect(printed.lines).toContain("已連接到伺服器")
  expect(printed.lines).toContain("收到訊息：Hello Server!")

  client.close()
  await printed.line("連接已關閉")
  await printed.line("客戶端已斷開連接")
  await server.close()
})

test("3.3: the console snippet runs as it stands, with the port that the server has", async () => {
  const server = await startServer({ port: 0 })
  const snippet = readFileSync(new URL("3-3-browser-console.js", import.meta.url), "utf8")
  runInNewContext(snippet.replace(":8080", `:${server.port}`), { WebSocket, console })

  await printed.line("伺服器回應：伺服器已收到您的訊息")
  await server.close()
  await printed.line("連接已關閉")
})

test("3.2: wscat is answered", async () => {
  const server = await startServer({ port: 0 })
  const wscat = startWscat(`ws://127.0.0.1:${server.port}/`, "Hello Server!")
  await wscat.shows("伺服器已收到您的訊息")
  expect(printed.lines).toContain("收到訊息：Hello Server!")
  await wscat.close()
  await server.close()
})
