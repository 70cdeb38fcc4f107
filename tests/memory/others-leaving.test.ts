import { MagpieError } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, type MemberBed, startChat, startMembers, tokenOf } from "./chat-bed.ts"

const open = { authorize: () => true }
const OPEN = { "chat/:room": open, "short/:room": open, "opaque/:room": open, "cursor/:room": open }

let bed: ChatBed | MemberBed
afterEach(() => bed.close())

describe("what one connection does to others", () => {
  it("[G11] [F66] leaves a broadcast's other followers listening when it goes in the middle of a token refresh", async () => {
    const decisions: ((yes: boolean) => void)[] = []
    let refreshing = false
    const members = await startMembers({
      rules: {
        ...OPEN,
        "cursor/:room": { authorize: () => (refreshing ? new Promise<boolean>((resolve) => decisions.push(resolve)) : true) },
      },
    })
    bed = members
    const [leaver, other] = ["ann", "bob"].map((name) => members.raw({ token: tokenOf(name) }))
    for (const raw of [leaver, other]) raw?.send({ type: "hello", version: 1 }, { type: "subscribe", id: 1, channel: "cursor/a" })
    await members.clock.settle()
    expect(members.server.channel("cursor/a").subscribers).toBe(2)
    refreshing = true
    leaver?.send({ type: "token", id: 2, token: tokenOf("ann") })
    await members.clock.settle()
    leaver?.close()
    await members.clock.settle()
    for (const decide of decisions) decide(true)
    await members.clock.settle()
    expect(members.server.channel("cursor/a").subscribers).toBe(1)
    members.server.channel("cursor/a").publish("move", { x: 1 })
    await members.clock.settle()
    expect(other?.of("message")).toHaveLength(1)
  })

  it("[G11] [F50] survives a handler whose refusal carries what no codec can write", async () => {
    bed = await startChat({
      rules: {
        ...OPEN,
        "chat/:room": {
          authorize: () => true,
          accept: {
            say: () => {
              throw new MagpieError("CONFLICT", "not enough", { details: { balance: 10n } })
            },
          },
        },
      },
    })
    const raw = bed.raw({ plain: true })
    raw.send({ type: "publish", id: 1, channel: "chat/a", name: "say", data: { text: "x" }, sequence: 1 })
    raw.send({ type: "ping", id: 2 })
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "CONFLICT", message: "not enough" })
    expect(raw.reply(2)?.type).toBe("pong")
    expect(bed.env.lines.map(({ event }) => event)).toContain("details-unwritable")
  })

  it("[G2] [F58] keeps its producer when a restart and then a link that dies unwelcomed stand in between", async () => {
    bed = await startChat()
    const ann = bed.connect({ backoff: { initialMs: 100, maxMs: 1_000 } })
    await bed.clock.until(() => ann.status.state === "online")
    const offsets: number[] = []
    const failures: unknown[] = []
    bed.network.blackHole(true)
    for (const text of ["1", "2", "3"]) {
      ann
        .channel("chat/a")
        .send("say", { text })
        .then(
          ({ position }) => offsets.push(position.offset),
          (failure) => failures.push(failure),
        )
    }
    await bed.clock.advance(100)
    bed.kill()
    bed.network.blackHole(false)
    await bed.start()
    bed.network.loseDown((frame) => frame.includes('"welcome"'))
    await bed.clock.advance(2_000)
    bed.network.strand("127.0.0.1")
    await bed.clock.until(() => offsets.length + failures.length === 3, 120_000)
    expect([offsets, failures]).toEqual([[1, 2, 3], []])
  })

  it("[G11] counts a long ping as several messages, because it asks for a read per position", async () => {
    bed = await startChat()
    const raw = bed.raw({ plain: true })
    const positions = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`chat/${index}`, 0]))
    for (let id = 1; id <= 40; id++) raw.send({ type: "ping", id, positions })
    await bed.clock.settle()
    expect(raw.of("pong")).toHaveLength(Math.floor(400 / 21))
    expect(raw.of("error")[0]).toMatchObject({ code: "RATE_LIMITED" })
  })

  it("refuses a user id that cannot stand in a key, at the door", async () => {
    const members = await startMembers()
    bed = members
    const raw = members.raw({ token: tokenOf("ann\tsmith") })
    raw.send({ type: "hello", version: 1 })
    await members.clock.settle()
    expect(raw.of("error")).toMatchObject([{ code: "UNAUTHORIZED" }])
    expect(raw.closedWith?.code).toBe(4502)
  })
})
