import { answerPolitely, fakeMachine } from "@magpie/testing"
import { expect, test } from "vitest"
import { type app, begin, clientUnderTest, said, watch } from "../client-under-test.fixture.ts"
import { connect, type Transport } from "../index.ts"

test("goes idle, connecting, online, and says hello first with the subprotocol", async () => {
  const { clock, peer, changes, client } = clientUnderTest()
  expect(client.status).toEqual({ state: "idle" })
  await clock.settle()
  expect(changes.map((change) => change.to)).toEqual(["connecting", "online"])
  expect(peer.link.url).toBe("ws://test/magpie")
  expect(peer.link.protocols).toEqual(["magpie.v1.json"])
  expect(peer.link.received[0]).toMatchObject({ type: "hello", version: 1, producer: expect.stringMatching(/^[0-9a-f]{32}$/) })
})

test("sends nothing but hello before the welcome", async () => {
  const { clock, peer, client } = clientUnderTest({ polite: false })
  client.channel("chat/lobby").on("say", () => {})
  watch(client.channel("chat/lobby").send("say", { text: "early" }))
  await clock.settle()
  expect(peer.link.received.map((message) => message.type)).toEqual(["hello"])
  peer.link.welcome()
  await clock.settle()
  expect(peer.link.received.map((message) => message.type)).toEqual(["hello", "subscribe", "publish"])
})

test("gives back the session on the next hello and waits within the backoff's bounds", async () => {
  const { clock, peer, changes, client } = clientUnderTest()
  await clock.settle()
  const first = peer.link
  first.close(1006)
  await clock.settle()
  expect(client.status.state).toBe("reconnecting")
  expect(changes.at(-1)?.retryInMs).toBeLessThanOrEqual(500)
  await clock.until(() => client.status.state === "online")
  expect(peer.link.last("hello")).toMatchObject({ session: "session", producer: first.last("hello").producer })
  expect(changes.map((change) => change.to)).toEqual(["connecting", "online", "reconnecting", "connecting", "online"])
})

test("the bound grows while links do not last, and starts anew after five seconds online", async () => {
  const { clock, peer, changes, client, machine } = clientUnderTest()
  const waits = async (): Promise<number> => {
    peer.link.close(1011)
    await clock.settle()
    const wait = changes.at(-1)?.retryInMs ?? -1
    await clock.until(() => client.status.state === "online")
    return wait
  }
  machine.random.float = () => 0.999
  await clock.settle()
  expect(await waits()).toBe(500)
  expect(await waits()).toBe(999)
  expect(await waits()).toBe(1_998)
  await clock.advance(5_000)
  expect(await waits()).toBe(500)
})

test("obeys the server's hint in a close reason, an error to hello, and a go-away", async () => {
  const { clock, peer, changes } = clientUnderTest()
  await clock.settle()
  peer.link.close(1013, "overloaded;retryAfterMs=60000")
  await clock.settle()
  expect(changes.at(-1)?.retryInMs).toBeGreaterThanOrEqual(60_000)
  expect(changes.at(-1)?.retryInMs).toBeLessThan(67_000)
  const greeted = peer.onMessage
  peer.onMessage = (message, link) => {
    if (message.type !== "hello") return
    link.send({ type: "error", code: "UNAVAILABLE", message: "starting", remedy: "", retryable: true, retryAfterMs: 90_000 })
  }
  await clock.advance(67_000)
  expect(changes.at(-1)?.retryInMs).toBeGreaterThanOrEqual(90_000)
  peer.onMessage = greeted
  await clock.advance(100_000)
  peer.link.send({ type: "go-away", reason: "restart", retryAfterMs: 40_000 })
  peer.link.close(1012, "restart")
  await clock.settle()
  expect(changes.at(-1)?.retryInMs).toBeGreaterThanOrEqual(40_000)
})

test("stops for good where the close code says so, and pending sends fail with CLOSED", async () => {
  const { clock, peer, client, machine } = clientUnderTest()
  await clock.settle()
  const send = watch(client.channel("chat/lobby").send("say", { text: "x" }))
  await clock.settle()
  peer.link.close(4504, "replaced")
  await clock.settle()
  expect(client.status).toMatchObject({ state: "closed", cause: { code: "CONFLICT" } })
  expect(send.code).toBe("CLOSED")
  expect(() => client.connect()).toThrow(/CLOSED/)
  expect(machine.signalListeners).toBe(0)
})

test("abandons a link that never opens", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.accepts = false
  await clock.advance(10_000)
  expect(client.status).toMatchObject({ state: "reconnecting", cause: { code: "TIMEOUT" } })
  expect(peer.link.closedWith).toBeDefined()
})

test("[F58] drops every late event of a superseded link", async () => {
  const { clock, peer, client, errors } = clientUnderTest()
  const texts: string[] = []
  client.channel("chat/lobby").on("say", (message) => texts.push(message.data.text))
  await clock.settle()
  const old = peer.link
  old.drop()
  await clock.advance(20_000)
  await clock.until(() => client.status.state === "online")
  expect(peer.links).toHaveLength(2)
  old.late.onMessage(JSON.stringify(said(1, "late")))
  old.late.onMessage("not JSON")
  old.late.onClose(4504, "replaced")
  old.late.onOpen()
  await clock.settle()
  expect(client.status.state).toBe("online")
  expect(texts).toEqual([])
  expect(errors).toEqual([])
})

test("[F85] a malformed message becomes an error event; an unknown one is ignored", async () => {
  const { clock, peer, client, errors } = clientUnderTest()
  const texts: string[] = []
  client.channel("chat/lobby").on("say", (message) => texts.push(message.data.text))
  await clock.settle()
  peer.link.sendRaw("{nonsense")
  peer.link.sendRaw('{"type":"message","channel":7}')
  peer.link.sendRaw('{"type":"from-the-future"}')
  peer.link.sendRaw('{"type":"from-the-future","critical":false,"channel":"chat/lobby"}')
  // What this client does not rely on is the server's word: an id that no request has answers nothing.
  peer.link.sendRaw(`{"type":"pong","id":"x"}\n{"type":"position","channel":"chat/lobby"}\n${JSON.stringify(said(1))}`)
  await clock.settle()
  expect(errors).toEqual(["BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST"])
  expect(texts).toEqual(["m1"])
  expect(client.status.state).toBe("online")
})

test.each(["greeting", "online"])("[F85] an unknown message that is critical closes with 4505 for good, while %s", async (when) => {
  const { clock, peer, client, machine } = clientUnderTest({ polite: when === "online" })
  await clock.settle()
  peer.link.sendRaw('{"type":"from-the-future","critical":true}')
  await clock.settle()
  expect(peer.link.closedWith).toMatchObject({ code: 4505 })
  expect(client.status).toMatchObject({ state: "closed", cause: { code: "BAD_REQUEST", details: { closeCode: 4505 } } })
  machine.wake()
  await clock.advance(600_000)
  expect(peer.links).toHaveLength(1)
})

test("tries at once when the network comes back, on wake and on connect()", async () => {
  const { clock, peer, client, machine } = clientUnderTest({ backoff: { initialMs: 10_000_000, maxMs: 10_000_000 } })
  await clock.settle()
  const again = [() => machine.network(true), () => machine.wake(), () => client.connect()]
  for (const act of again) {
    peer.link.close(1006)
    await clock.settle()
    expect(client.status.state).toBe("reconnecting")
    act()
    await clock.settle()
    expect(client.status.state).toBe("online")
  }
})

test("is offline while the machine has no network, and comes back with it", async () => {
  const { clock, peer, client, machine, changes } = clientUnderTest()
  await clock.settle()
  machine.network(false)
  peer.accepts = false
  peer.link.close(1006)
  await clock.settle()
  expect(client.status).toMatchObject({ state: "offline", cause: { code: "UNAVAILABLE" } })
  peer.accepts = true
  machine.network(true)
  await clock.settle()
  expect(changes.map((change) => change.to)).toEqual(["connecting", "online", "offline", "connecting", "online"])
})

test("goes on trying at the backoff's cap while offline, without a word until it succeeds", async () => {
  const { clock, peer, client, machine, changes } = clientUnderTest({ connectTimeoutMs: 1_000, backoff: { initialMs: 500, maxMs: 4_000 } })
  await clock.settle()
  peer.link.close(1006)
  await clock.settle()
  peer.accepts = false
  machine.network(false)
  expect(client.status).toMatchObject({ state: "offline", cause: { message: "UNAVAILABLE: the machine has no network" } })
  const { status } = client
  await clock.advance(60_000)
  // Each try takes a second to fail, and each wait at most four.
  expect(peer.links.length).toBeGreaterThan(12)
  expect(peer.links.slice(1).every((link) => link.closedWith !== undefined || link === peer.link)).toBe(true)
  expect(client.status).toBe(status)
  peer.accepts = true
  await clock.advance(6_000)
  expect(client.status.state).toBe("online")
  expect(changes.map((change) => change.to)).toEqual(["connecting", "online", "reconnecting", "offline", "online"])
})

test("a network that comes back replaces the attempt that hangs", async () => {
  const { clock, peer, client, machine } = clientUnderTest()
  await clock.settle()
  machine.network(false)
  peer.accepts = false
  peer.link.close(1006)
  await clock.until(() => peer.links.length === 2)
  expect(client.status.state).toBe("offline")
  const hanging = peer.link
  peer.accepts = true
  machine.network(true)
  await clock.settle()
  expect(client.status.state).toBe("online")
  expect(hanging.closedWith).toBeDefined()
})

test("joins what is sent in one turn into one frame, within the server's limit", async () => {
  const { clock, peer, client } = clientUnderTest({ polite: false })
  await clock.settle()
  peer.link.welcome({ messageBytes: 1_000 })
  await clock.settle()
  const room = client.channel("chat/lobby")
  await begin({ client, clock, peer })
  for (let index = 0; index < 4; index++) watch(room.send("say", { text: "x".repeat(100) }))
  await clock.settle()
  expect(peer.link.frames).toHaveLength(3)
  for (let index = 0; index < 20; index++) watch(room.send("say", { text: "鵲".repeat(50) }))
  await clock.settle()
  expect(peer.link.of("publish")).toHaveLength(1 + 24)
  for (const frame of peer.link.frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(1_000)
  const large = watch(room.send("say", { text: "鵲".repeat(400) }))
  await clock.settle()
  expect(large.code).toBe("TOO_LARGE")
})

test("options are checked at the door and the error names the field", () => {
  const wrong: [string, object, string][] = [
    ["example.org", {}, "url"],
    ["ftp://x", {}, "url"],
    ["ws://x", { heartbeatMs: "1" }, "heartbeatMs"],
    ["ws://x", { backoff: { initialMs: 0 } }, "backoff.initialMs"],
    ["ws://x", { backoff: { initialMs: 50, maxMs: 10 } }, "backoff.maxMs"],
    ["ws://x", { token: 5 }, "token"],
    ["ws://x", { token: "a", key: "b" }, "key"],
    ["ws://x", { contract: {} }, "contract"],
    ["ws://x", { transport: {} }, "transport"],
    ["ws://x", { maxPending: Number.NaN }, "maxPending"],
  ]
  for (const [url, options, field] of wrong) {
    expect(() => connect<typeof app>(url, options)).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS", details: { field } }))
  }
})

test("a transport that cannot open a link is a failed attempt, reported with its cause", async () => {
  let broken = true
  const machine = fakeMachine()
  machine.peer.onMessage = answerPolitely
  const transport: Transport = {
    open(...given) {
      if (broken) throw new Error("insecure")
      return machine.transport.open(...given)
    },
  }
  const client = connect("ws://test", { environment: machine, transport })
  const causes: unknown[] = []
  client.on("error", ({ cause }) => causes.push(cause))
  await machine.clock.settle()
  expect(client.status).toMatchObject({ state: "reconnecting", cause: { code: "INTERNAL" } })
  expect(causes).toEqual([new Error("insecure")])
  broken = false
  await machine.clock.until(() => client.status.state === "online")
})
