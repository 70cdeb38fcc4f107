import type { Client, Subscription } from "@magpie/client"
import { changes, messageList } from "@magpie/client/changes"
import { presence } from "@magpie/client/presence"
import { sse } from "@magpie/client/transports"
import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import { broadcast, type Codec, contract, json, jsonServerCodec, type ServerCodec, stream } from "@magpie/protocol"
import { createTestBed, type TestBed } from "@magpie/testing"
import { afterEach, expect, test } from "vitest"

const app = contract({
  "chat/:room": stream({
    messages: { say: json<{ text: string }>() },
    changes: { say: { edit: true, delete: true, reactions: ["👍"], versions: true } },
    receipts: true,
  }),
  "signal/:room": broadcast({ messages: { ping: json<number>() }, presence: json<{ name: string }>() }),
})
type App = typeof app

let bed: TestBed<App, { readonly id: string }>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

async function start(codecs: readonly ServerCodec[] = [msgpackServer()]): Promise<void> {
  const open = { authorize: () => true }
  const auth = { authenticate: ({ token }: { token?: string | undefined }) => (token === undefined ? undefined : { user: { id: token } }) }
  bed = await createTestBed(app, { auth, codecs, rules: { "chat/:room": open, "signal/:room": open } })
}

const connect = (name: string, codec?: Codec, address = "127.0.0.1"): Client<App> =>
  bed.connect({ token: name, address, ...(codec && { codec }) })

/** Half of them speak MessagePack, half JSON. */
const crowd = (count: number): Client<App>[] =>
  Array.from({ length: count }, (_, index) => connect(`user-${index}`, index % 2 === 0 ? msgpack() : undefined, `10.0.0.${index + 1}`))

const isLive = ({ subscription }: { readonly subscription: Subscription }): boolean => subscription.state.state === "live"

test("[G1][G3][G4] clients of both codecs get every message of a channel in one order, whatever becomes of their links", async () => {
  await start()
  const clients = crowd(6)
  const heard = clients.map((client) => {
    const list: string[] = []
    client.channel("chat/a").on("say", ({ data, offset }) => list.push(`${offset} ${data.text}`))
    return list
  })
  await bed.clock.until(() => clients.every((client) => isLive(client.channel("chat/a"))))
  const sent: Promise<unknown>[] = []
  for (let round = 0; round < 30; round++) {
    for (const [index, client] of clients.entries()) sent.push(client.channel("chat/a").send("say", { text: `${index}/${round} 鵲橋` }))
    if (round % 3 === 0) bed.network.reset(`10.0.0.${(round % 6) + 1}`)
    await bed.clock.advance(200)
  }
  await Promise.all(sent.map((receipt) => bed.clock.until(() => heard.every((list) => list.length === 180)).then(() => receipt)))
  expect(new Set(heard.map((list) => list.join("\n"))).size).toBe(1)
  for (const index of clients.keys()) {
    const own = heard[0]?.filter((line) => line.includes(` ${index}/`)).map((line) => line.split(" ")[1])
    expect(own).toEqual(Array.from({ length: 30 }, (_, round) => `${index}/${round}`))
  }
})

test("[G2][G4] who comes back late reads messages that changed since, with both codecs the same", async () => {
  await start()
  const [ann, bob] = [connect("ann", msgpack()), connect("bob")]
  const lobby = ann.channel("chat/a")
  const receipts = [1, 2, 3, 4].map((number) => lobby.send("say", { text: `${number}` }))
  await bed.clock.until(() => ann.statistics.pending === 0 && ann.status.state === "online")
  const [first, second, third] = (await Promise.all(receipts)).map(({ position }) => ({ name: "say" as const, ...position }))
  if (!first || !second || !third) throw new Error("three were sent")
  const done = [
    changes(lobby).edit(first, { text: "one" }),
    changes(lobby).edit(first, { text: "one!" }),
    changes(bob.channel("chat/a")).react(second, "👍"),
    changes(lobby).delete(third),
    changes(bob.channel("chat/a")).markRead(second),
  ]
  await bed.clock.until(() => ann.statistics.pending === 0 && bob.statistics.pending === 0 && bob.status.state === "online")
  await Promise.all(done)
  const late = [connect("cy", msgpack()), connect("dee")]
  const seen = late.map((client) => messageList(client.channel("chat/a"), { last: 50 }))
  await bed.clock.until(() => seen.every((list) => list.messages.length === 4))
  const [binary, text] = seen.map((list) => list.messages.map(({ name, data, offset, changed }) => ({ name, data, offset, changed })))
  expect(binary).toEqual(text)
  expect(binary?.map(({ name }) => name)).toEqual(["say", "say", "$deleted", "say"])
  expect(binary?.[0]).toMatchObject({ data: { text: "one!" }, changed: { edited: { by: "ann", count: 2 } } })
  const asked = late.map((client) => {
    const room = changes(client.channel("chat/a"))
    return Promise.all([
      room.versions(first),
      room.receipts(),
      client
        .channel("chat/a")
        .history({ limit: 50 })
        .then(({ messages }) => messages),
    ])
  })
  await bed.clock.advance(1_000)
  const [versionsOfBinary, versionsOfText] = await Promise.all(asked)
  expect(versionsOfBinary).toEqual(versionsOfText)
  expect(versionsOfBinary?.[0].map(({ data }) => data)).toEqual([{ text: "1" }, { text: "one" }])
  for (const list of seen) list.close()
})

test("presence is the same for both codecs, as a snapshot and as it changes", async () => {
  await start()
  const clients = crowd(4)
  const rooms = clients.map((client, index) => presence(client.channel("signal/a"), { state: { name: `n${index}` } }))
  const names = () =>
    rooms.map((room) =>
      [...room.members.values()]
        .map(({ state }) => state.name)
        .sort()
        .join(),
    )
  await bed.clock.until(() => names().every((all) => all === "n0,n1,n2,n3"))
  const updated = rooms.map((room, index) => room.update({ name: `m${index}` }))
  await bed.clock.until(() => names().every((all) => all === "m0,m1,m2,m3"))
  await Promise.all(updated)
  rooms[0]?.close()
  await bed.clock.until(() =>
    names()
      .slice(1)
      .every((all) => all === "m1,m2,m3"),
  )
  for (const room of rooms) room.close()
})

test("a message is written once for each codec, however many follow it, and not at all for a codec that nobody speaks", async () => {
  let written = 0
  const codec = msgpackServer()
  const counted: ServerCodec = {
    ...codec,
    encodePublication(publication) {
      written++
      return codec.encodePublication(publication)
    },
  }
  await start([counted])
  const listeners = Array.from({ length: 10 }, (_, index) => connect(`json-${index}`))
  let heard = 0
  const listen = (client: Client<App>) => client.channel("signal/a").on("ping", () => void heard++)
  listeners.forEach(listen)
  await bed.clock.until(() => listeners.every((client) => isLive(client.channel("signal/a"))))
  bed.server.channel("signal/a").publish("ping", 1)
  await bed.clock.until(() => heard === 10)
  expect(written).toBe(0)
  const more = Array.from({ length: 20 }, (_, index) => connect(`msgpack-${index}`, msgpack()))
  more.forEach(listen)
  await bed.clock.until(() => more.every((client) => isLive(client.channel("signal/a"))))
  bed.server.channel("signal/a").publish("ping", 2)
  await bed.clock.until(() => heard === 40)
  expect(written).toBe(1)
})

test("[G6][G4] who reads too slowly holds a bounded number of bytes in either codec, and gets everything when it reads again", async () => {
  await start()
  const slow = [connect("slow-binary", msgpack(), "10.0.0.1"), connect("slow-text", undefined, "10.0.0.2")]
  const writer = connect("writer", msgpack(), "10.0.0.3")
  const heard = slow.map((client) => {
    const list: (number | undefined)[] = []
    client.channel("chat/a").on("say", ({ offset }) => list.push(offset))
    return list
  })
  await bed.clock.until(() => slow.every((client) => isLive(client.channel("chat/a"))) && writer.status.state === "online")
  bed.network.stallReaders(true, "10.0.0.1")
  bed.network.stallReaders(true, "10.0.0.2")
  const sent = Array.from({ length: 100 }, (_, index) => writer.channel("chat/a").send("say", { text: `${index}`.padEnd(10_000, "x") }))
  await bed.clock.until(() => writer.statistics.pending === 0)
  for (const address of ["10.0.0.1", "10.0.0.2"]) {
    expect(bed.network.heldBytes(address)).toBeLessThanOrEqual(262_144 + 10_100)
    expect(bed.network.heldBytes(address)).toBeGreaterThan(10_000)
    bed.network.stallReaders(false, address)
  }
  await Promise.all(sent)
  await bed.clock.until(() => heard.every((list) => list.length === 100))
  for (const list of heard) expect(list).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
})

test("a server without the codec ends the client with a close that says what it speaks", async () => {
  await start([])
  const client = connect("ann", msgpack())
  await bed.clock.until(() => client.status.state === "closed")
  expect(client.status).toMatchObject({
    cause: { code: "BAD_REQUEST", details: { closeCode: 4505, reason: "this server speaks magpie.v1.json" } },
  })
})

test("clients that asked for nothing get text frames from a server that has the codec, as they did before", async () => {
  await start()
  const [plain, ours] = [bed.raw({ plain: true, token: "ann" }), bed.raw({ token: "bob" })]
  await bed.clock.until(() => plain.of("welcome").length === 1)
  ours.send({ type: "hello", version: 1 })
  for (const client of [plain, ours]) client.send({ type: "subscribe", id: 1, channel: "chat/a" })
  const writer = connect("writer", msgpack())
  const sent = writer.channel("chat/a").send("say", { text: "鵲" })
  await bed.clock.until(() => plain.of("message").length === 1 && ours.of("message").length === 1)
  await sent
  for (const { frames } of [plain, ours]) expect(frames.every((frame) => typeof frame === "string")).toBe(true)
  expect(plain.frames.at(-1)).toMatch(
    /^\{"type":"message","channel":"chat\/a","offset":1,"mark":"\w+","at":\d+,"from":"writer",("ref":"\w+",)?"name":"say","data":\{"text":"鵲"\}\}$/,
  )
})

test("a text frame, and one that is no MessagePack, are malformed messages for a client that chose binary ones [F44]", async () => {
  await start()
  const transport = bed.network.transport({ token: "ann" })
  const answers: unknown[] = []
  const codec = msgpack()
  const link = transport.open("ws://magpie.test/magpie", [codec.subprotocol], {
    onOpen: () => link.send(codec.encode({ type: "hello", version: 1 })),
    onMessage: (frame) => void answers.push(...codec.decode(frame)),
    onClose() {},
  })
  await bed.clock.until(() => answers.length === 1)
  link.send('{"type":"ping","id":1}')
  link.send(new Uint8Array([0xc1]))
  link.send(codec.encode({ type: "ping", id: 2 }))
  await bed.clock.until(() => answers.length === 4)
  expect(answers).toMatchObject([{ type: "welcome" }, { code: "BAD_REQUEST" }, { code: "BAD_REQUEST" }, { type: "pong", id: 2 }])
  link.close(1000, "")
  await bed.clock.advance(100)
})

test("a transport over HTTP, which carries text, says at once that the codec needs a WebSocket", async () => {
  await start()
  const client = bed.connect({ token: "ann", codec: msgpack(), transport: (_webSockets, world) => sse(world) })
  await bed.clock.until(() => client.status.state === "closed")
  expect(client.status).toMatchObject({ cause: { code: "INVALID_OPTIONS", details: { field: "codec" } } })
})

test("what is no codec, or the same one twice, is refused at the door", async () => {
  await start()
  expect(() => bed.connect({ codec: {} as Codec })).toThrowError(
    expect.objectContaining({ code: "INVALID_OPTIONS", details: { field: "codec" } }),
  )
  for (const codecs of [[{}], [jsonServerCodec], [msgpackServer(), msgpackServer()]]) {
    const made = createTestBed(app, { auth: { authenticate: () => undefined }, codecs: codecs as ServerCodec[], rules: {} as never })
    await expect(made).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option: "codecs" } })
  }
  expect(() => msgpackServer({ cacheBytes: -1 })).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS" }))
})
