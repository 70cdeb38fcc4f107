import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import {
  type ChatBed,
  closeBed,
  failureOf,
  greeted,
  listen,
  type MemberBed,
  outcomeOf,
  publish,
  startChat,
  startMembers,
  tokenOf,
} from "./chat-bed.ts"

let bed: ChatBed | MemberBed
afterEach(() => closeBed(bed))

describe("server.channel", () => {
  it("[G1] publishes to a stream, in somebody's name or its own, and reads it back", async () => {
    bed = await startChat()
    const listener = listen(bed.connect())
    await bed.clock.until(listener.isLive)
    const channel = bed.server.channel("chat/a")
    expect(channel).toMatchObject({ kind: "stream", name: "chat/a", subscribers: 1, position: { offset: 0 } })
    expect(await outcomeOf(bed, channel.publish("say", { text: "one" }))).toMatchObject({
      position: { offset: 1 },
      level: "memory",
      duplicate: false,
    })
    await outcomeOf(bed, channel.publish("say", { text: "two" }, { from: "bot" }))
    await bed.clock.settle()
    expect(listener.heard).toEqual(["1 one", "2 two"])
    expect(channel.history({ last: 5 })).toMatchObject([
      { name: "say", data: { text: "one" }, offset: 1, from: undefined },
      { name: "say", data: { text: "two" }, offset: 2, from: "bot" },
    ])
    expect(channel.history({ last: 1 })).toHaveLength(1)
    expect(await failureOf(bed, channel.publish("say", { text: 7 } as never))).toMatchObject({ code: "BAD_REQUEST" })
    expect(
      await failureOf(
        bed,
        channel.publish("say", { text: "other" }, { key: "k" }).then(() => channel.publish("say", { text: "else" }, { key: "k" })),
      ),
    ).toMatchObject({ code: "CONFLICT" })
  })

  it("publishes a broadcast to those who follow it, and refuses what the schema refuses", async () => {
    bed = await startChat()
    const raw = await greeted(bed)
    const channel = bed.server.channel("cursor/a")
    channel.publish("move", { x: 0 })
    raw.send({ type: "subscribe", id: 1, channel: "cursor/a" })
    await bed.clock.settle()
    channel.publish("move", { x: 1 }, { from: "bot" })
    expect(() => channel.publish("move", { x: "1" } as never)).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
    await bed.clock.settle()
    expect(channel.subscribers).toBe(1)
    expect(raw.of("message")).toMatchObject([{ channel: "cursor/a", from: "bot", data: { x: 1 } }])
    expect(raw.of("message")[0]).not.toHaveProperty("offset")
  })

  it("[F106][G1] answers UNAVAILABLE while the disk is full, and STORAGE_FENCED after a flush that failed", async () => {
    const disk = memoryStorage()
    bed = await startChat({ storage: disk })
    const raw = await greeted(bed)
    disk.failNextCommit("unavailable")
    raw.send(publish(1, "x", { sequence: 1 }))
    await bed.clock.settle()
    raw.send(publish(2, "x", { sequence: 1 }))
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true })
    expect(raw.reply(2)).toMatchObject({ type: "published", position: { offset: 1 } })
    disk.failNextCommit("fenced")
    raw.send(publish(3, "y", { sequence: 2 }))
    await bed.clock.settle()
    expect(raw.reply(3)).toMatchObject({ type: "error", code: "STORAGE_FENCED" })
    expect(bed.env.lines.some(({ event }) => event === "journal.fenced")).toBe(true)
    expect(await failureOf(bed, bed.server.channel("chat/a").publish("say", { text: "z" }))).toMatchObject({ code: "STORAGE_FENCED" })
  })

  it("[G11] ends a subscription openly when what is stored of its channel is damaged, and serves the others", async () => {
    const disk = memoryStorage()
    bed = await startChat({ storage: disk })
    const text = "x".repeat(60_000)
    for (let index = 0; index < 10; index++) {
      for (const name of ["chat/a", "chat/b"] as const) await outcomeOf(bed, bed.server.channel(name).publish("say", { text }))
    }
    const { epoch } = bed.server.channel("chat/a").position
    const raw = await greeted(bed)
    bed.network.stallReaders(true)
    for (const [id, channel] of ["chat/a", "chat/b"].entries()) raw.send({ type: "subscribe", id, channel, position: { epoch, offset: 0 } })
    await bed.clock.settle()
    // What is stored of the channel itself, not of its messages.
    const keys = [...disk.range({ from: "", to: "\uffff" })].map(({ key }) => key).filter((key) => key.includes("chat/a"))
    expect(keys.map((key) => disk.damage(key))).toEqual([true])
    bed.network.stallReaders(false)
    await bed.clock.advance(10_000)
    expect(raw.of("unsubscribed")).toMatchObject([{ channel: "chat/a", code: "UNRECOVERABLE" }])
    expect(raw.of("message").filter(({ channel }) => channel === "chat/b")).toHaveLength(10)
    expect(bed.server.connections.size).toBe(1)
  })
})

describe("server.connections", () => {
  it("lists who is here, finds a user's, and lets them go", async () => {
    bed = await startMembers()
    const ann = [await greeted(bed, { token: tokenOf("ann") }, { address: "192.0.2.1" }), await greeted(bed, { token: tokenOf("ann") })]
    const bob = await greeted(bed, { token: tokenOf("bob") })
    bed.raw() // not greeted: no connection to be seen
    ann[0]?.send({ type: "subscribe", id: 1, channel: "chat/a" }, { type: "subscribe", id: 2, channel: "cursor/a" })
    await bed.clock.settle()
    const { connections } = bed.server
    expect([...connections].map(({ user }) => user?.id).sort()).toEqual(["ann", "ann", "bob"])
    const [first] = connections.ofUser("ann")
    expect(connections.ofUser("ann")).toHaveLength(2)
    expect(first).toMatchObject({ address: "192.0.2.1", userAgent: "memory", channels: ["chat/a", "cursor/a"], openedAt: bed.clock.now() })
    expect(connections.get(first?.id ?? "")?.id).toBe(first?.id)
    expect(connections.ofUser("nobody")).toEqual([])
    bob.close()
    await bed.clock.settle()
    expect(connections.ofUser("bob")).toEqual([])
  })

  it("sends a broadcast's message to one of them, if it follows the channel", async () => {
    bed = await startMembers()
    const [ann, bob] = [await greeted(bed, { token: tokenOf("ann") }), await greeted(bed, { token: tokenOf("bob") })]
    for (const raw of [ann, bob]) raw.send({ type: "subscribe", id: 1, channel: "cursor/a" })
    await bed.clock.settle()
    const [connection] = bed.server.connections.ofUser("ann")
    expect(connection?.send("cursor/a", "move", { x: 9 })).toBe(true)
    expect(connection?.send("cursor/b", "move", { x: 9 })).toBe(false)
    expect(() => connection?.send("chat/a" as never, "say" as never, { text: "x" } as never)).toThrowError(
      expect.objectContaining({ code: "BAD_REQUEST" }),
    )
    expect(() => connection?.send("cursor/a", "move", { x: "9" } as never)).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
    await bed.clock.settle()
    expect(ann.of("message")).toMatchObject([{ data: { x: 9 } }])
    expect(bob.of("message")).toEqual([])
  })

  it("disconnects one so that its client comes back, and with a close of its own so that it does not", async () => {
    bed = await startMembers()
    const [ann, bob] = [bed.connect({ token: tokenOf("ann") }), bed.connect({ token: tokenOf("bob") })]
    await bed.clock.until(() => ann.status.state === "online" && bob.status.state === "online")
    bed.server.connections.ofUser("ann")[0]?.disconnect()
    bed.server.connections.ofUser("bob")[0]?.disconnect("REVOKED")
    expect(() => [...bed.server.connections][0]?.disconnect("NONSENSE" as never)).not.toThrow()
    await bed.clock.settle()
    expect([ann.status.state, bob.status.state]).toEqual(["reconnecting", "closed"])
    await bed.clock.until(() => ann.status.state === "online")
    expect(() => [...bed.server.connections][0]?.disconnect("NONSENSE" as never)).toThrowError(
      expect.objectContaining({ code: "BAD_REQUEST" }),
    )
  })
})
