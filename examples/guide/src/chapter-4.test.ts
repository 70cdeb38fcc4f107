import { afterEach, beforeEach, expect, test } from "vitest"
import * as manyUsers from "./4-1-many-users.ts"
import * as broadcasting from "./4-2-broadcast.ts"
import * as reconnecting from "./4-3-reconnect.ts"
import * as typed from "./4-4-typed-messages.ts"
import { capturePrinted, type Printed } from "./fixtures/printed.ts"
import { startRelay } from "./fixtures/relay.ts"
import { closeAllWscats, startWscat } from "./fixtures/wscat.ts"

let printed: Printed
beforeEach(() => {
  printed = capturePrinted()
})
afterEach(async () => {
  printed.restore()
  await closeAllWscats()
})

test("4.1: everybody on a plain endpoint gets what one of them says, and the count follows who comes and goes", async () => {
  const server = await manyUsers.startServer({ port: 0 })
  const url = `ws://127.0.0.1:${server.port}/`
  const first = startWscat(url)
  await printed.line("新客戶端已連接，總連接數： 1")
  const second = startWscat(url, "大家好")
  await printed.line("新客戶端已連接，總連接數： 2")
  await first.shows("廣播訊息：大家好")
  await second.shows("廣播訊息：大家好")

  await second.close()
  await printed.line("客戶端已斷開，總連接數： 1")
  await first.close()
  await printed.line("客戶端已斷開，總連接數： 0")
  await server.close()
})

test("4.2: everybody in a broadcast channel gets what one of them says, and what the server says", async () => {
  const server = await broadcasting.startServer({ port: 0 })
  const ann = await broadcasting.joinRoom(server)
  const bob = await broadcasting.joinRoom(server)

  ann.say("大家好")
  await printed.line("廣播訊息：大家好", 2)
  server.announce("伺服器即將更新")
  await printed.line("伺服器即將更新", 2)
  await bob.close()
  await ann.close()
  await server.close()
})

test("4.2: wscat takes part in a broadcast channel with lines of JSON", async () => {
  const server = await broadcasting.startServer({ port: 0 })
  const wscat = startWscat(
    `ws://127.0.0.1:${server.port}/magpie`,
    '{"type":"subscribe","channel":"room"}',
    '{"type":"publish","id":1,"channel":"room","name":"message","data":"大家好"}',
  )
  await wscat.shows('"type":"subscribed"')
  await wscat.shows('"type":"published"')
  await wscat.shows("廣播訊息：大家好")
  await wscat.close()
  await server.close()
})

test("4.3: a client whose link is cut says so, comes back, and has lost nothing", async () => {
  const server = await reconnecting.startServer({ port: 0 })
  const relay = await startRelay(server.port)
  const connection = reconnecting.createConnection(relay)
  await printed.line("已連接到伺服器")
  await connection.say("第一句")
  await printed.line("伺服器回應：第一句")

  relay.cut(true)
  await printed.line(/^連接已中斷，\d\.\d 秒後嘗試重新連接\.\.\.$/)
  const sent = Promise.all([connection.say("第二句"), connection.say("第三句")])
  relay.cut(false)
  await printed.line("已重新連接到伺服器")
  expect((await sent).map(({ duplicate }) => duplicate)).toEqual([false, false])
  await printed.line("伺服器回應：第三句")
  expect(printed.lines.filter((line) => line.startsWith("伺服器回應"))).toEqual([
    "伺服器回應：第一句",
    "伺服器回應：第二句",
    "伺服器回應：第三句",
  ])

  await connection.close()
  await relay.close()
  await server.close()
})

test("4.4: each type of message has its own function, and an unknown one is refused with a code", async () => {
  const server = await typed.startServer({ port: 0 })
  const client = await typed.startClient(server)
  await client.chat("你好")
  await client.update("第一回合")
  expect(printed.lines).toEqual(["聊天訊息：你好", "更新資料：第一回合"])

  const plain = typed.startPlainClient(server)
  const refusal = await printed.line(/^未知的訊息類型/)
  expect(refusal).toContain("BAD_REQUEST")
  expect(refusal).toContain("attack")
  expect(printed.lines).toContain("聊天訊息：大家好")
  expect(printed.lines).toContain("更新資料：第二回合")
  expect(printed.lines).toContain("已送達：2")
  plain.close()
  await client.close()
  await server.close()
})

test("4.4: wscat is told which types of message the protocol has", async () => {
  const server = await typed.startServer({ port: 0 })
  const wscat = startWscat(`ws://127.0.0.1:${server.port}/magpie`, '{"type":"attack"}')
  await wscat.shows('"code":"BAD_REQUEST"')
  await wscat.shows("subscribe")
  await wscat.close()
  await server.close()
})
