import type { StatusChange } from "@magpie/client"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, listen, numbered, outcomeOf, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

/** A client that remembers every time that it was not online. */
function watched() {
  const client = bed.connect()
  const changes: StatusChange["to"][] = []
  client.on("status", ({ to }) => changes.push(to))
  return { client, changes }
}

const refusals = (): number => bed.server.counters["refused{RATE_LIMITED}"] ?? 0

describe("a client under the default limits", () => {
  it("[F49] follows 1,000 channels within 10 s, and is not refused or closed once", async () => {
    bed = await startChat()
    const { client, changes } = watched()
    const listeners = Array.from({ length: 1_000 }, (_, index) => listen(client, `chat/${index}`))
    await bed.clock.advance(10_000)
    expect(listeners.filter(({ isLive }) => !isLive())).toEqual([])
    expect(changes).toEqual(["connecting", "online"])
    expect(refusals()).toBe(0)
  })

  it("[F49] follows them again after the link broke", async () => {
    bed = await startChat()
    const { client, changes } = watched()
    const listeners = Array.from({ length: 1_000 }, (_, index) => listen(client, `chat/${index}`))
    await bed.clock.advance(10_000)
    bed.network.reset()
    await bed.clock.advance(12_000)
    expect(listeners.every(({ isLive }) => isLive())).toBe(true)
    expect(changes).toEqual(["connecting", "online", "reconnecting", "connecting", "online"])
    expect(refusals()).toBe(0)
  })

  it("[G1][G3] gets 8 x 250 queued publishes acknowledged in order, without a refusal or a close", async () => {
    bed = await startChat()
    const { client, changes } = watched()
    const texts = Array.from({ length: 250 }, (_, index) => `${index}`)
    const rooms = Array.from({ length: 8 }, (_, room) => `chat/${room}` as const)
    const listeners = rooms.map((room) => listen(client, room))
    const sends = texts.flatMap((text) => rooms.map((room) => say(client, text, room)))
    await outcomeOf(bed, Promise.all(sends))
    await bed.clock.settle()
    for (const { heard } of listeners) expect(heard).toEqual(numbered(texts))
    expect(changes).toEqual(["connecting", "online"])
    expect(refusals()).toBe(0)
  })
})
