import { WebSocket } from "ws"

/** 3.3 in Node: the same client as the browser's. From Node 22 on, `WebSocket` is there without `ws`. */
export function startClient({ port = 8080 } = {}) {
  const ws = new WebSocket(`ws://localhost:${port}`)

  ws.onopen = () => {
    console.log("已連接到伺服器")
    ws.send("Hello Server!") // 傳送訊息給伺服器
  }

  ws.onmessage = (event) => {
    console.log(`伺服器回應：${event.data}`)
  }

  ws.onclose = () => {
    console.log("連接已關閉")
  }

  return { close: () => ws.close() }
}
