import { anonymous, anyOf, type User } from "@magpie/server/core"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, type MemberBed, members, outcomeOf, publish, startChat, startMembers, tokenOf } from "./chat-bed.ts"

let bed: ChatBed | MemberBed
afterEach(() => closeBed(bed))

describe("a plain client", () => {
  it("is welcomed unasked where anonymous ones are let in, and needs no ids", async () => {
    bed = await startChat()
    const raw = bed.raw({ plain: true })
    raw.sendFrame('{ "type": "subscribe", "channel": "chat/a" }')
    raw.sendFrame('{\n  "type": "publish",\n  "channel": "chat/a",\n  "name": "say",\n  "data": { "text": "by hand" }\n}')
    await bed.clock.settle()
    expect(raw.replies.map(({ type, id }) => [type, id])).toEqual([
      ["welcome", undefined],
      ["subscribed", undefined],
      ["message", undefined],
      ["published", undefined],
    ])
    expect(raw.of("message")).toMatchObject([{ offset: 1, data: { text: "by hand" } }])
  })

  it("gets one message a frame, live, from the log and from a broadcast", async () => {
    bed = await startChat()
    const channel = bed.server.channel("chat/a")
    for (const text of ["1", "2", "3"]) await outcomeOf(bed, channel.publish("say", { text }))
    const raw = bed.raw({ plain: true })
    raw.send({ type: "subscribe", channel: "chat/a", last: 3 })
    raw.send({ type: "subscribe", channel: "cursor/a" })
    await bed.clock.settle()
    for (const text of ["4", "5", "6"]) void channel.publish("say", { text })
    for (const x of [1, 2, 3]) bed.server.channel("cursor/a").publish("move", { x })
    await bed.clock.settle()
    expect(raw.of("message")).toHaveLength(9)
    expect(raw.frames).toHaveLength(raw.replies.length)
    for (const frame of raw.frames) expect(String(frame)).not.toContain("\n")
  })

  it("may not put two messages into a frame", async () => {
    bed = await startChat()
    const raw = bed.raw({ plain: true })
    raw.send({ type: "ping", id: 1 }, { type: "ping", id: 2 })
    await bed.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "BAD_REQUEST" }])
    expect(raw.of("pong")).toEqual([])
  })

  it("[F13] that is nobody yet may still say hello, within helloMs", async () => {
    bed = await startMembers()
    const [late, silent] = [bed.raw({ plain: true }), bed.raw({ plain: true })]
    await bed.clock.advance(4_000)
    expect(late.replies).toEqual([])
    late.send(publish(1, "too early"))
    late.send({ type: "hello", version: 1, token: tokenOf("ann") })
    late.send(publish(2, "in order"))
    await bed.clock.advance(2_000)
    expect(late.reply(1)).toMatchObject({ type: "error", code: "UNAUTHORIZED" })
    expect(late.of("welcome")).toMatchObject([{ user: "ann" }])
    expect(late.reply(2)).toMatchObject({ type: "published" })
    expect(silent.closedWith).toMatchObject({ code: 4501 })
  })

  it("[F13] with wrong credentials in its hello is told UNAUTHORIZED and closed with 4502", async () => {
    bed = await startMembers()
    const raw = bed.raw({ plain: true })
    raw.send({ type: "hello", version: 1, token: "wrong" })
    await bed.clock.settle()
    expect(raw.replies).toMatchObject([{ type: "error", code: "UNAUTHORIZED" }])
    expect(raw.closedWith).toMatchObject({ code: 4502 })
  })

  it("is who its handshake says, unasked", async () => {
    bed = await startMembers()
    const raw = bed.raw({ plain: true, token: tokenOf("ann") })
    raw.send(publish(1, "signed"))
    await bed.clock.settle()
    expect(raw.of("welcome")).toMatchObject([{ user: "ann" }])
    expect(bed.server.channel("chat/a").history({ last: 1 })).toMatchObject([{ from: "ann" }])
  })

  it("is welcomed as itself where members and anonymous ones are let in", async () => {
    const both = { authenticate: anyOf<User>(members, anonymous()).authenticate }
    bed = await startChat({ auth: both })
    const [nobody, ann] = [bed.raw({ plain: true }), bed.raw({ plain: true, token: tokenOf("ann") })]
    await bed.clock.settle()
    expect(nobody.of("welcome")[0]).not.toHaveProperty("user")
    expect(ann.of("welcome")).toMatchObject([{ user: "ann" }])
  })

  it("keeps its order while its authentication takes its time", async () => {
    let admit = (): void => {}
    const decided = new Promise<{ user: undefined }>((resolve) => {
      admit = () => resolve({ user: undefined })
    })
    bed = await startChat({ auth: { authenticate: () => decided } })
    const raw = bed.raw({ plain: true })
    for (const id of [1, 2, 3]) raw.send(publish(id, `${id}`))
    await bed.clock.settle()
    expect(raw.replies).toEqual([])
    admit()
    await bed.clock.settle()
    expect(raw.replies.map(({ type, id }) => `${type} ${id ?? ""}`.trim())).toEqual([
      "welcome",
      "published 1",
      "published 2",
      "published 3",
    ])
  })
})
