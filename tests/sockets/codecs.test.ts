import { connect } from "@magpie/client"
import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import type { Encoded } from "@magpie/protocol"
import { expect, test } from "vitest"
import { WebSocket } from "ws"
import { frame, openWebSocket, until } from "./raw-client.ts"
import { app, closedAfterEach } from "./test-server.ts"

const { closers, start } = closedAfterEach()

function client(port: number, codec?: ReturnType<typeof msgpack>) {
  const made = connect(`ws://127.0.0.1:${port}`, { contract: app, ...(codec && { codec }) })
  closers.push(() => made.close())
  return made
}

const offering = (list: string) => ({ "Sec-WebSocket-Protocol": list })
const bytes = (encoded: Encoded): Buffer => Buffer.from(encoded as Uint8Array)

test("[G3][G4] over real sockets, binary and text clients of one channel hear the same in one order", async () => {
  const { port } = await start({ codecs: [msgpackServer()] })
  const clients = [client(port, msgpack()), client(port), client(port, msgpack())]
  const heard = clients.map((one) => {
    const list: unknown[] = []
    one.channel("chat/lobby").on("say", ({ data, offset }) => list.push([offset, data]))
    return list
  })
  await Promise.all(clients.map((one) => one.channel("chat/lobby").subscribe()))
  const sent = clients.flatMap((one, index) =>
    Array.from({ length: 20 }, (_, round) =>
      one.channel("chat/lobby").send("say", { index, round, text: "鵲橋 👋", at: [1.5, -1, 2 ** 40] }),
    ),
  )
  await Promise.all(sent)
  await until(() => heard.every((list) => list.length === 60))
  expect(heard[1]).toEqual(heard[0])
  expect(heard[2]).toEqual(heard[0])
})

test("the subprotocol is echoed, frames are binary, and JSON is spoken to whoever does not name it", async () => {
  const { port } = await start({ codecs: [msgpackServer()] })
  const codec = msgpack()
  const binary = await openWebSocket(port, "/magpie", offering(`${codec.subprotocol}, magpie.v1.json`))
  expect(binary.head).toContain("Sec-WebSocket-Protocol: magpie.v1.msgpack")
  binary.write(frame(2, bytes(codec.join([codec.encode({ type: "hello", version: 1 }), codec.encode({ type: "ping", id: 1 })]))))
  const said = () => binary.frames.filter(({ opcode }) => opcode < 8).flatMap(({ payload }) => codec.decode(payload))
  await until(() => said().length === 2)
  expect(said()).toMatchObject([{ type: "welcome" }, { type: "pong", id: 1 }])
  expect(binary.frames.map(({ opcode }) => opcode).every((opcode) => opcode === 2)).toBe(true)

  for (const list of [undefined, "magpie.v1.json", "magpie.v1.json, magpie.v1.msgpack"]) {
    const text = await openWebSocket(port, "/magpie", list === undefined ? {} : offering(list))
    text.write(frame(1, '{"type":"hello","version":1}'))
    await until(() => text.text().some((one) => one.startsWith('{"type":"welcome"')))
    text.socket.destroy()
  }
  binary.socket.destroy()
})

test("a server without the codec takes the handshake and says in its close what it speaks, which a browser can read", async () => {
  const { port } = await start()
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/magpie`, ["magpie.v1.msgpack"])
  const closed = await new Promise<unknown>((resolve, reject) => {
    webSocket.on("close", (code, reason) => resolve([code, reason.toString()]))
    webSocket.on("error", reject)
  })
  expect(closed).toEqual([4505, "this server speaks magpie.v1.json"])
  const ours = client(port, msgpack())
  await until(() => ours.status.state === "closed")
  expect(ours.status).toMatchObject({ cause: { details: { closeCode: 4505 } } })
})

test("[F46] claims of more than the frame holds cost their sender a refusal each, and then the connection", async () => {
  const { port } = await start({ codecs: [msgpackServer()] })
  const codec = msgpack()
  const hostile = await openWebSocket(port, "/magpie", offering(codec.subprotocol))
  hostile.write(frame(2, bytes(codec.encode({ type: "hello", version: 1 }))))
  for (let round = 0; round < 20; round++) hostile.write(frame(2, Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])))
  await until(() => hostile.closeCode !== undefined)
  expect(hostile.closeCode).toBe(4506)
  const other = client(port, msgpack())
  await other.channel("chat/lobby").send("say", "still here")
})
