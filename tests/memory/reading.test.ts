import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type AccessBed, startAccessBed, tokenFor } from "../access-suite/access-bed.ts"
import { ask } from "./asking.ts"
import { type ChatBed, closeBed, outcomeOf, startChat } from "./chat-bed.ts"

let bed: ChatBed
beforeEach(async () => {
  bed = await startChat()
})
afterEach(() => closeBed(bed))

const settle = (): Promise<void> => bed.clock.settle()

async function publishSome(...texts: readonly string[]): Promise<void> {
  for (const text of texts) void bed.server.channel("chat/a").publish("say", { text })
  await settle()
}

const textsOf = (asked: ReturnType<typeof ask>): unknown[] =>
  asked
    .events()
    .filter(({ name, data }) => name === "message" && data.includes('"message"'))
    .map(({ data }) => JSON.parse(data).data.text)

const messagesOf = (asked: ReturnType<typeof ask>) => asked.json().messages as readonly Readonly<Record<string, unknown>>[]
const readAfter = (kind: "sse" | "poll", position: unknown, channel = "chat/a") =>
  ask(bed, `${kind}?channel=${encodeURIComponent(channel)}&position=${encodeURIComponent(String(position))}`)

describe("an event stream of channels that its URL names", () => {
  it("[F89][G4] goes on after the last event's id, which says how far every channel was read", async () => {
    await publishSome("one", "two")
    const first = ask(bed, "sse?channel=chat/a&channel=short/a&last=1")
    await settle()
    void bed.server.channel("short/a").publish("say", { text: "other" })
    await publishSome("three")
    expect(textsOf(first).sort()).toEqual(["other", "three", "two"])
    const id = first.events().at(-1)?.id ?? ""
    first.cancel()
    await publishSome("four", "five")
    void bed.server.channel("short/a").publish("say", { text: "more" })
    const next = ask(bed, `sse?channel=chat/a&channel=short/a&last=1&position=${encodeURIComponent(id)}`)
    await bed.clock.advance(1_000)
    expect(textsOf(next).sort()).toEqual(["five", "four", "more"])
    expect(
      next
        .events()
        .map(({ data }) => data)
        .join(),
    ).not.toContain('"gap"')
    next.cancel()
  })

  it("[F89] tells where it begins, so that whoever heard nothing misses nothing", async () => {
    await publishSome("before")
    const first = ask(bed, "sse?channel=chat/a")
    await settle()
    const [ready] = first.events()
    expect(ready).toMatchObject({ name: "ready", id: expect.stringMatching(/^chat%2Fa=[^:]+:1:/) })
    first.cancel()
    await publishSome("missed")
    const next = readAfter("sse", ready?.id)
    await settle()
    expect(textsOf(next)).toEqual(["missed"])
    next.cancel()
  })

  it("[F89] takes a forged, an old and a foreign id for a resume with all its checks", async () => {
    await publishSome("one", "two")
    const read = ask(bed, "sse?channel=chat/a&last=1")
    await settle()
    const id = read.events().at(-1)?.id ?? ""
    const [, epoch = ""] = /=([^:]+):/.exec(id) ?? []
    for (const forged of [`chat%2Fa=${epoch}:2:forged`, `chat%2Fa=${epoch}:99:mark`, "chat%2Fa=another:1:mark"]) {
      const one = readAfter("sse", forged)
      await settle()
      const told = one.events().filter(({ name }) => name === "message")
      expect(JSON.parse(told[0]?.data ?? "{}"), forged).toMatchObject({ type: "subscribed", answer: "unrecoverable" })
      expect(textsOf(one)).toEqual([])
      one.cancel()
    }
    // A position of a channel that the URL does not name asks for nothing.
    const other = readAfter("sse", id, "chat/b")
    await settle()
    expect(textsOf(other)).toEqual([])
    other.cancel()
    read.cancel()
  })

  it("[F89] stays up in silence, with a comment each heartbeat, and ends with the close's code", async () => {
    const read = ask(bed, "sse?channel=chat/a")
    await bed.clock.advance(120_000)
    expect(bed.server.connections.size).toBe(1)
    expect(read.text.match(/^:$/gm)?.length).toBeGreaterThanOrEqual(6)
    for (const connection of bed.server.connections) connection.disconnect()
    await settle()
    expect(JSON.parse(read.events().at(-1)?.data ?? "")).toMatchObject({ code: 4008 })
    expect(read.complete).toBe(true)
    expect(bed.server.connections.size).toBe(0)
  })

  it("[G6] of a reader that stops costs at most queuedBytes", async () => {
    const read = ask(bed, "sse?channel=chat/a", { address: "192.0.2.9" })
    await settle()
    bed.network.stallReaders(true, "192.0.2.9")
    for (let round = 0; round < 10; round++) await publishSome(...Array(100).fill("x".repeat(1_024)))
    // What stands around a message comes on top.
    expect(bed.network.heldBytes("192.0.2.9")).toBeLessThan(2 * 262_144)
    bed.network.stallReaders(false, "192.0.2.9")
    await bed.clock.advance(1_000)
    expect(textsOf(read)).toHaveLength(1_000)
    read.cancel()
  })
})

describe("one poll of channels that its URL names", () => {
  it("[F90][G4] reads on from the position of the poll before, on whichever server, and keeps nothing between two", async () => {
    await publishSome("one", "two")
    const first = ask(bed, "poll?channel=chat/a&last=10")
    await settle()
    expect(messagesOf(first).map(({ offset }) => offset)).toEqual([1, 2])
    expect(bed.server.connections.size).toBe(0)
    await publishSome("three")
    const lost = readAfter("poll", first.json().position)
    await settle()
    const again = readAfter("poll", first.json().position)
    await settle()
    expect(again.text).toBe(lost.text)
    expect(messagesOf(again)).toMatchObject([{ offset: 3, data: { text: "three" } }])
  })

  it("waits for news, and is answered without any after pollMs with the position it had", async () => {
    await publishSome("one")
    const first = ask(bed, "poll?channel=chat/a&last=1")
    await settle()
    const { position } = first.json()
    const quiet = readAfter("poll", position)
    await bed.clock.advance(24_000)
    expect(quiet.status).toBeUndefined()
    await bed.clock.advance(2_000)
    expect(quiet.json()).toEqual({ messages: [], position })
    const waiting = readAfter("poll", position)
    await settle()
    await publishSome("two", "three")
    expect(messagesOf(waiting).map(({ offset }) => offset)).toEqual([2, 3])
  })

  it("[G4] says openly that messages are gone, before anything newer", async () => {
    const first = ask(bed, "poll?channel=short/a&last=1")
    await settle()
    void bed.server.channel("short/a").publish("say", { text: "s" })
    await settle()
    const { position } = first.json()
    for (let index = 0; index < 20; index++) void bed.server.channel("short/a").publish("say", { text: `s${index}` })
    await settle()
    const next = readAfter("poll", position, "short/a")
    await settle()
    expect(messagesOf(next)[0]).toMatchObject({ type: "subscribed", answer: "unrecoverable", reason: "trimmed" })
  })

  it("hears a broadcast while it waits, and not what came between two polls", async () => {
    const waiting = ask(bed, "poll?channel=cursor/a")
    await settle()
    void bed.server.channel("cursor/a").publish("move", { x: 1 })
    await settle()
    expect(messagesOf(waiting)).toMatchObject([{ channel: "cursor/a", data: { x: 1 } }])
    expect(waiting.json().position).toBe("")
    void bed.server.channel("cursor/a").publish("move", { x: 2 })
    await settle()
    const next = ask(bed, "poll?channel=cursor/a")
    await settle()
    void bed.server.channel("cursor/a").publish("move", { x: 3 })
    await settle()
    expect(messagesOf(next)).toMatchObject([{ data: { x: 3 } }])
  })

  it("[G12] that is given up by its asker leaves nothing", async () => {
    const waiting = ask(bed, "poll?channel=chat/a")
    await settle()
    expect(bed.server.connections.size).toBe(1)
    waiting.cancel()
    await settle()
    expect(bed.server.connections.size).toBe(0)
  })
})

describe("reading by URL", () => {
  it("[F38] what cannot be read is refused by the status, and nothing of it is told", async () => {
    const asked = ["sse?channel=nowhere/a", "poll?channel=nowhere/a", "sse?channel=chat/..", "poll?channel=chat/a&channel=nowhere/b"].map(
      (path) => ask(bed, path),
    )
    const many = ask(bed, `poll?${Array.from({ length: 17 }, (_, index) => `channel=chat/${index}`).join("&")}`)
    await settle()
    expect(asked.map(({ status }) => status)).toEqual([404, 404, 400, 404])
    expect(many.status).toBe(400)
    expect(many.json()).toMatchObject({ details: { limit: "readChannels" } })
    expect(bed.server.connections.size).toBe(0)
  })

  it("[F31][F38][F42] asks for the same credentials and rights as any transport", async () => {
    const access: AccessBed = await startAccessBed()
    const token = await tokenFor(access, { rights: { "chat/a": ["subscribe"] } })
    const asked = [
      ask(access, "sse?channel=chat/a"),
      ask(access, "poll?channel=chat/a", { token: `${token}x` }),
      ask(access, "poll?channel=chat/b", { token }),
      ask(access, "sse?channel=chat/a", { token }),
    ]
    await access.idle()
    expect(asked.map(({ status }) => status)).toEqual([401, 401, 403, 200])
    await outcomeOf(access, access.server.revoke({ user: "ann" }))
    await outcomeOf(access, access.server.channel("chat/a").publish("say", { text: "secret" }))
    await access.clock.advance(1_000)
    expect(JSON.parse(asked[3]?.events().at(-1)?.data ?? "{}")).toMatchObject({ code: 4503 })
    expect(asked[3]?.text).not.toContain("secret")
    await closeBed(access as never)
  })

  it("[G11] a server that leaves ends streams and polls at once", async () => {
    const [stream, poll] = [ask(bed, "sse?channel=chat/a"), ask(bed, "poll?channel=chat/a")]
    await settle()
    const closing = bed.server.close({ spreadMs: 0 })
    await bed.clock.advance(1_000)
    await closing
    expect(stream.complete).toBe(true)
    expect(JSON.parse(stream.events().at(-1)?.data ?? "{}")).toMatchObject({ code: 1012 })
    expect(poll.status).toBe(200)
    expect(messagesOf(poll)).toMatchObject([{ type: "go-away" }])
  })
})
