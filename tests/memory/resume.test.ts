import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, greeted, listen, numbered, outcomeOf, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const AWAY = "192.0.2.1"
const RETENTION_MS = 60_000

/** A subscriber that is about to lose its network, and a server that goes on. */
async function startPair(channel: "chat/a" | "short/a") {
  bed = await startChat()
  const away = bed.connect({ address: AWAY })
  const listener = listen(away, channel)
  await bed.clock.until(listener.isLive)
  const send = (text: string) => outcomeOf(bed, bed.server.channel(channel as "chat/a").publish("say", { text }))
  return { away, listener, send }
}

async function comeBack(away: ReturnType<ChatBed["connect"]>, listener: ReturnType<typeof listen>): Promise<void> {
  bed.network.cut(false, AWAY)
  away.connect()
  await bed.clock.until(listener.isLive)
}

describe("a subscriber that comes back", () => {
  it.each([1_000, RETENTION_MS - 1_000])("[F54][G4] has all that it missed in %i ms, which is within retention", async (awayMs) => {
    const { away, listener, send } = await startPair("short/a")
    await send("before")
    bed.network.cut(true, AWAY)
    await send("missed 1")
    await send("missed 2")
    await bed.clock.advance(awayMs)
    await comeBack(away, listener)
    await send("after")
    expect(listener.heard).toEqual(numbered(["before", "missed 1", "missed 2", "after"]))
    expect(listener.gaps).toEqual([])
  })

  it("[F54][G4] is told what expired before it is given anything newer", async () => {
    const { away, listener, send } = await startPair("short/a")
    await send("before")
    bed.network.cut(true, AWAY)
    await send("missed")
    await bed.clock.advance(RETENTION_MS + 1_000)
    await comeBack(away, listener)
    expect(listener.gaps).toEqual([{ reason: "expired", from: 2, to: 2 }])
    await send("after")
    expect(listener.heard).toEqual(["1 before", "3 after"])
  })

  it("[F55][G4] is told what was trimmed, never given a part", async () => {
    const { away, listener, send } = await startPair("short/a")
    await send("before")
    bed.network.cut(true, AWAY)
    for (let index = 2; index <= 30; index++) await send(`missed ${index}`)
    await comeBack(away, listener)
    expect(listener.gaps).toEqual([{ reason: "trimmed", from: 2, to: 30 }])
    await send("after")
    expect(listener.heard).toEqual(["1 before", "31 after"])
  })

  it("[F55][G4] is told what was trimmed under its reading", async () => {
    bed = await startChat()
    const channel = bed.server.channel("short/a")
    const large = "x".repeat(60_000)
    for (let index = 0; index < 10; index++) await outcomeOf(bed, channel.publish("say", { text: large }))
    const { epoch } = channel.position
    const raw = await greeted(bed, {}, { address: AWAY })
    bed.network.stallReaders(true, AWAY)
    raw.send({ type: "subscribe", id: 1, channel: "short/a", position: { epoch, offset: 0 } })
    await bed.clock.settle()
    for (let index = 0; index < 20; index++) await outcomeOf(bed, channel.publish("say", { text: "later" }))
    bed.network.stallReaders(false, AWAY)
    await bed.clock.settle()

    expect(raw.reply(1)).toMatchObject({ type: "subscribed", answer: "recovered" })
    const told = raw.replies.filter(({ type }) => type === "message" || type === "gap")
    const covered = told.flatMap(({ type, offset, from, to }) => (type === "gap" ? range(Number(from), Number(to)) : [offset]))
    expect(covered).toEqual(range(1, 30))
    expect(raw.of("gap")).toMatchObject([{ reason: "trimmed", to: 20, position: { epoch, offset: 20 } }])
  })

  it.each([
    ["fewer", 2],
    ["as many", 3],
    ["more", 5],
  ])("[F56][G4] is told of a new epoch when the store was lost and has %s messages again", async (_how, count) => {
    const { away, listener, send } = await startPair("chat/a")
    for (let index = 1; index <= 3; index++) await send(`old ${index}`)
    bed.network.cut(true, AWAY)
    bed.kill()
    await bed.start()
    for (let index = 1; index <= count; index++) await send(`new ${index}`)
    await comeBack(away, listener)
    expect(listener.gaps).toEqual([{ reason: "epoch", from: undefined, to: undefined }])
    await send("after")
    expect(listener.heard).toEqual([...numbered(["old 1", "old 2", "old 3"]), `${count + 1} after`])
  })

  it("[F56] is told of a new epoch by a mark that does not fit, although epoch and offset do", async () => {
    bed = await startChat()
    for (const text of ["a", "b"]) await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text }))
    const { epoch } = bed.server.channel("chat/a").position
    const raw = await greeted(bed)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a", position: { epoch, offset: 1, mark: "another" } })
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ answer: "unrecoverable", reason: "epoch", position: { epoch, offset: 2 } })
    expect(raw.of("message")).toEqual([])
  })

  it("[F57] goes on from the position of its first answer when it had not received a message yet", async () => {
    const { away, listener, send } = await startPair("chat/a")
    bed.network.cut(true, AWAY)
    await send("missed")
    await comeBack(away, listener)
    await send("after")
    expect(listener.heard).toEqual(numbered(["missed", "after"]))
    expect(listener.gaps).toEqual([])
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
