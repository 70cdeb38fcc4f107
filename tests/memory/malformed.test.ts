import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, publish, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

/** Messages whose id can be read, although they are wrong. */
const WRONG: readonly (readonly [string, object])[] = [
  ["an unknown type", { type: "shout" }],
  ["no type", {}],
  ["a type of Object.prototype", { type: "toString" }],
  ["a missing field", { type: "subscribe" }],
  ["a field of another type", { type: "subscribe", channel: 7 }],
  ["null for an absent field", { type: "subscribe", channel: "chat/a", last: null }],
  ["a list for an object", { type: "subscribe", channel: "chat/a", position: [] }],
  ["a fraction", { type: "history", channel: "chat/a", limit: 1.5 }],
  ["a negative sequence", publish(1, "x", { sequence: -1 })],
  ["sequence 0", publish(1, "x", { sequence: 0 })],
  ["2^53", publish(1, "x", { sequence: 2 ** 53 })],
  ["an offset below 0", { type: "subscribe", channel: "chat/a", position: { epoch: "e", offset: -1 } }],
  ["positions that are no numbers", { type: "ping", positions: { "chat/a": "7" } }],
  ["a key that is too long", publish(1, "x", { key: "k".repeat(129) })],
  ["no data", { type: "publish", channel: "chat/a", name: "say" }],
  ["a token that is no text", { type: "token", token: { alg: "none" } }],
  ["a server's message", { type: "welcome" }],
]

/** Frames of which nothing can be read. */
const BROKEN: readonly (readonly [string, string | Uint8Array])[] = [
  ["half of JSON", '{"type":"ping","id":1'],
  ["nothing", ""],
  ["NaN", '{"type":"ping","id":NaN}'],
  ["a lone surrogate", '{"type":"ping","id":1,"x":"\\ud800"}'],
  ["a doubled key", '{"type":"ping","type":"ping","id":1}'],
  ["jsonDepth: 10,000 levels", `{"type":"publish","id":1,"data":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
  [
    "jsonKeys: more than 10,000 keys",
    `{"type":"publish","id":1,"data":{${Array.from({ length: 10_001 }, (_, index) => `"${index}":0`).join()}}}`,
  ],
  ["messagesPerFrame: more than 1,024 messages", Array.from({ length: 1_025 }, () => '{"type":"ping"}').join("\n")],
  ["bytes", new Uint8Array([0x82, 0xa4])],
]

describe("a malformed message", () => {
  it.each(WRONG)("[F44][F48][G11] with %s is BAD_REQUEST with its id, and nothing changes", async (_what, message) => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.send({ ...message, id: 1 }, publish(2, "fine"))
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "error", id: 1, code: "BAD_REQUEST", retryable: false })
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
  })

  it.each(BROKEN)("[F44][F46][G11] of which nothing can be read (%s) is BAD_REQUEST, and nothing of it is done", async (_what, frame) => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.sendFrame(frame)
    raw.send(publish(2, "fine"))
    await bed.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "BAD_REQUEST" }])
    expect(raw.of("pong")).toEqual([])
    expect(raw.reply(2)).toMatchObject({ type: "published" })
  })

  it("[F46] is refused within the limits' edge, not before: jsonDepth 64, jsonKeys 10,000, messagesPerFrame 1,024", async () => {
    bed = await startChat({ limits: { messagesPerSecond: 10_000 } })
    const raw = await greeted(bed)
    const deep = "[".repeat(63) + "]".repeat(63)
    raw.sendFrame(`{"type":"ping","id":1,"x":${deep}}`)
    raw.sendFrame(`{"type":"ping","id":2,"x":[${deep}]}`)
    raw.sendFrame(`{"type":"ping","id":3,"x":{${Array.from({ length: 9_997 }, (_, index) => `"${index}":0`).join()}}}`)
    raw.sendFrame(Array.from({ length: 1_024 }, () => '{"type":"ping","id":4}').join("\n"))
    await bed.clock.settle()
    expect([1, 2, 3, 4].map((id) => raw.reply(id)?.type)).toEqual(["pong", "error", "pong", "pong"])
    expect(raw.of("error")).toMatchObject([{ details: { limit: "jsonDepth" } }])
  })

  it("[F44] [G11] is answered alone: what shares its frame is done", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    const half = '{"type":"publish","channel":"chat/a","name":"say","data":"\\ud83d","id":2}'
    raw.sendFrame([JSON.stringify(publish(1, "before")), half, "{oops", JSON.stringify(publish(3, "behind"))].join("\n"))
    await bed.clock.settle()
    expect([1, 2, 3].map((id) => raw.reply(id)?.type)).toEqual(["published", "error", "published"])
    expect(raw.of("error").map(({ id }) => id)).toEqual([2, undefined])
  })

  it("[F44] more often than badRequests in a minute closes the connection with 4506", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    for (let index = 0; index < 10; index++) raw.send({ type: "subscribe", id: index })
    await bed.clock.advance(60_001)
    for (let index = 0; index < 10; index++) raw.send({ type: "subscribe", id: index })
    await bed.clock.settle()
    expect(raw.closedWith).toBeUndefined()
    raw.send({ type: "subscribe", id: 99 }, { type: "ping", id: 100 })
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4506 })
    expect(raw.of("error")).toHaveLength(21)
    expect(raw.of("pong")).toEqual([])
  })

  it("[F44] is a second hello, and the first one stands", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.send({ type: "hello", version: 1 }, publish(2, "fine"))
    await bed.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "BAD_REQUEST", details: { field: "type" } }])
    expect(raw.reply(2)).toMatchObject({ type: "published" })
  })

  it("[F45] may name anything like a prototype's, which is data and nothing else", async () => {
    bed = await startChat()
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]
    for (const name of names) {
      const raw = await greeted(bed, { client: name, producer: `${name}-12345678`.replaceAll("__", "--") })
      raw.send({ type: "subscribe", id: 1, channel: `chat/${name}` })
      raw.send(publish(2, name, { channel: `chat/${name}`, key: name, ref: name }))
      raw.send(publish(3, name, { name }), { type: "subscribe", id: 4, channel: name })
      raw.sendFrame(`{"type":"ping","id":5,"positions":{"${name}":1,"chat/${name}":0}}`)
      raw.sendFrame(`{"type":"publish","id":6,"channel":"opaque/a","name":"put","data":{"${name}":{"polluted":1}}}`)
      await bed.clock.settle()
      expect(raw.reply(1)).toMatchObject({ type: "subscribed", channel: `chat/${name}` })
      expect(raw.of("message")).toMatchObject([{ channel: `chat/${name}`, ref: name, data: { text: name } }])
      expect(raw.reply(3)).toMatchObject({ type: "error", code: "BAD_REQUEST" })
      expect(raw.reply(4)).toMatchObject({ type: "error", code: "UNKNOWN_CHANNEL" })
      expect(raw.reply(5)).toMatchObject({ type: "pong", unknown: [name] })
      expect(raw.reply(6)).toMatchObject({ type: "published" })
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})
