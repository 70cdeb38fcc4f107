import { test, expect } from "vitest"
import { WebSocketServer } from "ws"
import { connect } from "./index.ts"
test("smoke", async () => {
  const wss = new WebSocketServer({ port: 0, handleProtocols: (p) => [...p][0]! })
  await new Promise((r) => wss.on("listening", r))
  const port = (wss.address() as any).port
  const got: any[] = []
  wss.on("connection", (s) => s.on("message", (m) => { for (const l of String(m).split("\n")) { const x = JSON.parse(l); got.push(x)
    if (x.type === "hello") s.send(JSON.stringify({ type: "welcome", version: 1, features: [], connection: "c", session: "s", producer: x.producer, heartbeatMs: 15000, messageBytes: 65536, at: 1 }))
    if (x.type === "publish") s.send(JSON.stringify({ type: "published", id: x.id, position: { epoch: "e", offset: 1 }, level: "disk" })) } }))
  const c = connect<any>(`http://127.0.0.1:${port}`)
  const st: any[] = []; c.on("status", (x) => st.push(x.to))
  const r = await (c as any).channel("chat/lobby").send("say", { text: "hi" })
  console.log(r, st, got, c.statistics)
  await c.close()
  console.log(st, (process as any).getActiveResourcesInfo())
  wss.close()
})
