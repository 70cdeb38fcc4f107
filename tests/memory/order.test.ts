import { seededRandom } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, listen, numbered, outcomeOf, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

describe("a publisher", () => {
  it.each([1, 2, 3])("[F62][G2][G3] has 1,000 pipelined publishes stored in order and once, under resets of seed %i", async (seed) => {
    bed = await startChat({ seed })
    bed.network.latencyMs = 5
    const random = seededRandom(`resets/${seed}`)
    const ann = bed.connect()
    const listener = listen(bed.connect({ address: "192.0.2.1" }))
    await bed.clock.until(listener.isLive)
    const receipts: Promise<{ position: { offset: number } }>[] = []
    const texts = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
    let resets = 0
    for (const text of texts) {
      receipts.push(say(ann, text))
      if (random.float() < 0.02) await bed.clock.advance(random.integer(1, 40))
      if (random.float() < 0.02) {
        resets++
        bed.network.reset(random.pick([undefined, "127.0.0.1", "192.0.2.1"]))
      }
      if (random.float() < 0.01) bed.network.loseDown((frame) => frame.includes('"type":"published"'))
    }
    for (let round = 0; round < 10; round++) {
      await bed.clock.advance(random.integer(1, 400))
      bed.network.reset()
    }
    const offsets = (await outcomeOf(bed, Promise.all(receipts))).map(({ position }) => position.offset)
    expect(resets).toBeGreaterThan(5)
    expect(offsets).toEqual(texts.map((_, index) => index + 1))
    await bed.clock.until(() => listener.heard.length === 1_000)
    expect(listener.heard).toEqual(numbered(texts))
  })
})

describe("two publishers and three subscribers", () => {
  it("[G3] agree on one order, which keeps each publisher's own, whatever breaks meanwhile", async () => {
    bed = await startChat()
    bed.network.latencyMs = 10
    const random = seededRandom("two publishers")
    const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    const listeners = addresses.map((address) => listen(bed.connect({ address })))
    await bed.clock.until(() => listeners.every((one) => one.isLive()))
    const publishers = ["ann", "bob"].map((name) => ({ name, client: bed.connect({ address: name }) }))
    const receipts: Promise<unknown>[] = []
    for (let index = 0; index < 150; index++) {
      for (const { name, client } of publishers) receipts.push(say(client, `${name} ${index}`))
      await bed.clock.advance(random.integer(0, 20))
      if (random.float() < 0.1) bed.network.reset(random.pick([...addresses, "ann", "bob"]))
    }
    await outcomeOf(bed, Promise.all(receipts))
    await bed.clock.until(() => listeners.every((one) => one.heard.length >= 300))
    const [first, ...others] = listeners
    for (const other of others) expect(other.heard).toEqual(first?.heard)
    expect(first?.heard).toEqual(numbered(first?.texts ?? []))
    for (const { name } of publishers) {
      const own = first?.texts.filter((text) => text.startsWith(name))
      expect(own).toEqual(Array.from({ length: 150 }, (_, index) => `${name} ${index}`))
    }
  })
})

describe("payloads", () => {
  const WEIRD: readonly unknown[] = [
    null,
    0,
    -1.5e300,
    false,
    "",
    "\n",
    "\u0000\u2028\u2029\ufeff",
    "鵲橋 🐦",
    "x".repeat(50_000),
    [],
    {},
    [[[[[[[[[[]]]]]]]]]],
    { offset: 99, mark: "zz", epoch: "e", position: { epoch: "x", offset: 7 } },
    { type: "message", channel: "opaque/a", offset: 1, name: "put", data: null },
    '{"type":"gap","channel":"opaque/a","reason":"epoch"}',
    '"}\n{"type":"unsubscribed","channel":"opaque/a"}\n{"a":"',
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}'),
    [1, "b64:AAAA", { offset: "string" }],
  ]

  it("[F65] of any shape arrive as they were, and never disturb positions", async () => {
    bed = await startChat()
    const ann = bed.connect()
    const bob = bed.connect({ address: "192.0.2.1" })
    const heard: { offset: number | undefined; data: unknown }[] = []
    const inbox = bob.channel("opaque/a")
    inbox.on("put", ({ offset, data }) => heard.push({ offset, data }))
    await bed.clock.until(() => inbox.subscription.state.state === "live")
    for (const data of WEIRD) {
      await outcomeOf(bed, ann.channel("opaque/a").send("put", data))
      bed.network.reset("192.0.2.1")
    }
    await bed.clock.until(() => heard.length === WEIRD.length)
    expect(heard).toEqual(WEIRD.map((data, index) => ({ offset: index + 1, data })))
    const page = await outcomeOf(bed, bob.channel("opaque/a").history())
    expect(page.messages.map(({ data }) => data)).toEqual(WEIRD)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})
