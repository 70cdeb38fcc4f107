import { contract, MagpieError, stream } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed, rawConnection } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, greeted, outcomeOf, publish, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const boom = (): never => {
  throw new Error("boom")
}

describe("a function of the user's that fails", () => {
  it.each([
    ["throws", boom],
    ["rejects", () => Promise.reject(new Error("boom"))],
    ["answers something else", () => "yes" as never],
  ])("[F50][G10] as authorize, which %s, counts as no for that request alone", async (_how, authorize) => {
    bed = await startChat({ rules: { "chat/:room": { authorize } } as never })
    const raw = await greeted(bed)
    raw.send({ type: "subscribe", id: 1, channel: "chat/a" }, publish(2, "x", { sequence: 1 }), {
      type: "history",
      id: 3,
      channel: "chat/a",
    })
    raw.send({ type: "subscribe", id: 4, channel: "short/a" })
    await bed.clock.settle()
    for (const id of [1, 2, 3]) expect(raw.reply(id)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(raw.reply(4)).toMatchObject({ type: "subscribed" })
    expect(raw.closedWith).toBeUndefined()
  })

  it.each([
    ["throws", boom, "INTERNAL"],
    ["rejects", () => Promise.reject(new Error("boom")), "INTERNAL"],
    ["throws a code", () => Promise.reject(new MagpieError("CONFLICT", "not now")), "CONFLICT"],
    ["returns what the schema refuses", () => ({ text: 7 }), "BAD_REQUEST"],
  ])("[F50][G3] as accept, which %s, refuses that message and nothing behind it", async (_how, fail, code) => {
    const say_ = ({ data }: { data: { text: string } }) => (data.text === "bad" ? fail() : undefined)
    bed = await startChat({ rules: { "chat/:room": { authorize: () => true, accept: { say: say_ } } } as never })
    const ann = bed.connect()
    const [first, bad, last] = [say(ann, "first"), say(ann, "bad"), say(ann, "last")]
    expect(await failureOf(bed, bad)).toMatchObject({ code })
    expect([(await first).position.offset, (await outcomeOf(bed, last)).position.offset]).toEqual([1, 2])
    expect(ann.status.state).toBe("online")
    expect(bed.env.lines.filter(({ event }) => event === "request-failed")).toHaveLength(code === "INTERNAL" ? 1 : 0)
  })

  it("[F50] as accept on a broadcast refuses that message", async () => {
    bed = await startChat({ rules: { "cursor/:room": { authorize: () => true, accept: { move: boom } } } as never })
    const raw = await greeted(bed)
    raw.send({ type: "publish", id: 1, channel: "cursor/a", name: "move", data: { x: 1 } }, { type: "ping", id: 2 })
    await bed.clock.settle()
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "INTERNAL", message: "an unexpected failure" })
    expect(raw.reply(2)).toMatchObject({ type: "pong" })
  })

  it("[F50] as the authenticator asks the client to come back, and lets it in when it works again", async () => {
    let broken = true
    bed = await startChat({ auth: { authenticate: () => (broken ? boom() : { user: undefined }) } })
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 })
    await bed.clock.settle()
    expect(raw.replies).toMatchObject([{ type: "error", code: "INTERNAL" }])
    expect(raw.closedWith).toMatchObject({ code: 1013 })
    const ann = bed.connect()
    await bed.clock.advance(5_000)
    expect(ann.status.state).not.toBe("closed")
    broken = false
    await bed.clock.until(() => ann.status.state === "online")
  })

  it("[F50][G10] whose yes comes after the connection has gone stores nothing in nobody's name", async () => {
    let decide = (): void => {}
    const decided = new Promise<void>((resolve) => {
      decide = resolve
    })
    const accept = { say: () => decided }
    bed = await startChat({
      auth: { authenticate: () => ({ user: { id: "ann" } }) },
      rules: { "chat/:room": { authorize: () => true, accept } } as never,
    })
    const raw = await greeted(bed)
    raw.send(publish(1, "late"))
    await bed.clock.settle()
    bed.network.reset()
    await bed.clock.settle()
    decide()
    await bed.clock.settle()
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
  })

  it("[F50][G11] as a schema is INTERNAL for that request", async () => {
    const validate = (data: unknown) => (data === "bad" ? boom() : { value: data })
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const
    const failing = contract({ "failing/:room": stream({ messages: { put: schema } }) })
    const own = await createTestBed(failing, { auth: anonymous(), rules: { "failing/:room": { authorize: () => true } } })
    const raw = rawConnection(own.network)
    const put = (id: number, data: string) => ({ type: "publish", id, channel: "failing/a", name: "put", data, sequence: id })
    raw.send({ type: "hello", version: 1 }, put(1, "good"), put(2, "bad"), put(3, "good"))
    await own.clock.settle()
    expect(raw.reply(2)).toMatchObject({ type: "error", code: "INTERNAL" })
    expect(raw.reply(3)).toMatchObject({ type: "published", position: { offset: 2 } })
    await own.close()
  })
})
