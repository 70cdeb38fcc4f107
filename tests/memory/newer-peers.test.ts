import { DEFAULT_LIMITS } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, publish, say, startChat } from "./chat-bed.ts"
import { NEWER_FIELDS, newerLink } from "./versions.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

describe("a server that is older than its client", () => {
  it("[F85] leaves fields that it does not know alone, in every message, and welcomes the newer version with its own", async () => {
    bed = await startChat({ auth: { authenticate: () => ({ user: { id: "ann" } }) } })
    const raw = await greeted(bed, { version: 7, token: "t", ...NEWER_FIELDS })
    expect(raw.of("welcome")).toMatchObject([{ version: 1 }])
    const { epoch } = bed.server.channel("chat/a").position
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch, offset: 0, ...NEWER_FIELDS }, ...NEWER_FIELDS })
    raw.send(publish(2, "one", { sequence: 1, ref: "r", ...NEWER_FIELDS }))
    await bed.clock.settle()
    raw.send({ type: "history", id: 3, channel: "chat/a", ...NEWER_FIELDS })
    raw.send({ type: "ping", id: 4, positions: { "chat/a": 1 }, ...NEWER_FIELDS })
    raw.send({ type: "token", id: 5, token: "t", ...NEWER_FIELDS })
    raw.send({ type: "unsubscribe", id: 6, channel: "chat/a", ...NEWER_FIELDS })
    await bed.clock.settle()
    const answers = [1, 2, 3, 4, 5, 6].map((id) => raw.reply(id)?.type)
    expect(answers).toEqual(["subscribed", "published", "history", "pong", "token", "unsubscribed"])
    expect(raw.of("message")).toEqual([expect.objectContaining({ offset: 1, ref: "r", data: { text: "one" }, from: "ann" })])
    expect(JSON.stringify(raw.replies)).not.toContain("shade")
  })

  it("[F85] refuses messages of types that it does not know one by one, however often, and does everything else", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    const count = DEFAULT_LIMITS.badRequests * 5
    for (let id = 1; id <= count; id++)
      raw.send({ type: "draw", id, channel: "chat/a", ...NEWER_FIELDS, ...(id % 2 === 0 ? { critical: false } : {}) })
    raw.send(publish(1_000, "fine"))
    await bed.clock.settle()
    expect(raw.of("error")).toHaveLength(count)
    for (const error of raw.of("error")) expect(error).toMatchObject({ code: "BAD_REQUEST", retryable: false, details: { field: "type" } })
    expect(raw.reply(1_000)).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(raw.closedWith).toBeUndefined()
  })

  it("[F49][F85] counts them against the rates, as any message", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    const burst = DEFAULT_LIMITS.messagesPerSecond * 2
    raw.send(...Array.from({ length: burst + 50 }, (_, id) => ({ type: "draw", id })))
    await bed.clock.settle()
    const codes = raw.of("error").map(({ code }) => code)
    expect(codes.slice(0, burst)).toEqual(Array.from({ length: burst }, () => "BAD_REQUEST"))
    expect(codes.slice(burst)).toEqual(Array.from({ length: 50 }, () => "RATE_LIMITED"))
    expect(raw.closedWith).toBeUndefined()
  })

  it.each(["before", "after"])("[F44][F85] closes with 4505 on an unknown type that is marked critical, %s the welcome", async (when) => {
    bed = await startChat()
    const raw = when === "after" ? await greeted(bed) : bed.raw()
    raw.send({ type: "draw", id: 1, critical: true }, publish(2, "behind it"))
    await bed.clock.settle()
    expect(raw.closedWith).toMatchObject({ code: 4505 })
    expect(raw.reply(2)).toBeUndefined()
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })

  it("[F85] takes the mark on a message that it knows for one more field", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    raw.send(publish(1, "known", { critical: true }))
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "published" })
  })
})

describe("a client that is older than its server", () => {
  async function startNewer(): Promise<ChatBed> {
    const newer = await startChat({ auth: anonymous() })
    const { transport } = newer.network
    newer.network.transport = (options) => newerLink(transport(options), { down: true })
    return newer
  }

  it("[F85] leaves fields and messages that it does not know alone, and loses nothing of what it knows", async () => {
    bed = await startNewer()
    const [reader, writer] = [bed.connect(), bed.connect()]
    const errors: unknown[] = []
    for (const client of [reader, writer]) client.on("error", (error) => errors.push(error))
    const { texts, isLive } = listen(reader)
    await bed.clock.until(isLive)
    const sent = ["one", "two", "three"].map((text) => say(writer, text))
    let acknowledged = 0
    for (const each of sent) void each.then(() => acknowledged++)
    await bed.clock.until(() => acknowledged === 3 && texts.length === 3)
    bed.network.reset()
    void say(writer, "four").then(() => acknowledged++)
    await bed.clock.until(() => acknowledged === 4 && texts.length === 4)
    expect(texts).toEqual(["one", "two", "three", "four"])
    expect(errors).toEqual([])
    const page = reader.channel("chat/a").history({ limit: 10 })
    let history: readonly unknown[] = []
    void page.then(({ messages }) => (history = messages))
    await bed.clock.until(() => history.length === 4)
  })
})
