import type { JsonText } from "@magpie/protocol"
import { expect, test, vi } from "vitest"
import { msgpack } from "./server-codec.ts"
import { TextCache } from "./text-cache.ts"

const text = (value: unknown): JsonText => JSON.stringify(value) as JsonText

test("reads a stored message once, however many pages and publications it stands in", () => {
  const codec = msgpack()
  const publication = { channel: "a", name: "n", at: 1, offset: 1, data: text({ text: "once" }) }
  const changed = text({ version: 2, edited: { at: 1 } })
  const parse = vi.spyOn(JSON, "parse")
  try {
    codec.encodePublication(publication)
    for (let reader = 0; reader < 100; reader++) {
      // As each reader of the log gets a text of its own.
      const own = { ...publication, data: `${publication.data.slice(0, 5)}${publication.data.slice(5)}` as JsonText, changed }
      codec.encodePage({ id: 1, channel: "a", more: false, position: { epoch: "e", offset: 1 } }, [own])
      codec.encodePublication(own)
    }
    expect(parse).toHaveBeenCalledTimes(2)
  } finally {
    parse.mockRestore()
  }
})

test("keeps no place for a broadcast, which nobody reads again", () => {
  const codec = msgpack({ cacheBytes: 1_000 })
  const stored = { channel: "a", name: "n", at: 1, offset: 1, data: text({ text: "stored" }) }
  codec.encodePublication(stored)
  for (let number = 0; number < 100; number++) codec.encodePublication({ channel: "b", name: "n", at: 1, data: text({ number }) })
  const parse = vi.spyOn(JSON, "parse")
  try {
    codec.encodePublication(stored)
    expect(parse).not.toHaveBeenCalled()
  } finally {
    parse.mockRestore()
  }
})

test("holds no more bytes than it may, and lets the oldest go first", () => {
  const read: string[] = []
  const cache = new TextCache(10_000, (one) => {
    read.push(one)
    return new Uint8Array(one.length)
  })
  const texts = Array.from({ length: 50 }, (_, index) => text(`${index}`.padEnd(300, "x")))
  for (const one of texts) {
    cache.of(one)
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
  }
  expect(read).toHaveLength(50)
  cache.of(texts[49] as JsonText)
  expect(read).toHaveLength(50)
  cache.of(texts[0] as JsonText)
  expect(read).toHaveLength(51)
})

test("keeps nothing that is larger than all its room", () => {
  const cache = new TextCache(0, (one) => new Uint8Array(one.length))
  expect(cache.of(text("x"))).toHaveLength(3)
  expect(cache.bytes).toBe(0)
})
