import {
  DEFAULT_LIMITS,
  type DownMessage,
  type Encoded,
  isMagpieError,
  type JsonText,
  type Message,
  type Publication,
  parseDown,
  parseUp,
  type RowText,
  toJsonText,
  type UpMessage,
} from "@magpie/protocol"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import vectors from "../../packages/protocol/fixtures/messages.json" with { type: "json" }
import { CODECS, cut, lengthOf } from "./codecs.ts"

const SEED = 20261123
const UP = vectors.up.map(({ message }) => parseUp(message))
const DOWN = vectors.down.map(({ message }) => parseDown(message))
const ALL: readonly (UpMessage | DownMessage)[] = [...UP, ...DOWN]
const { jsonDepth, jsonKeys, messagesPerFrame, badRequests } = DEFAULT_LIMITS

/** As the value travels: dictionaries are objects. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner) => (inner instanceof Map ? Object.fromEntries(inner) : inner)))
}

/** The code of the refusal and its limit; undefined where there is none. Any other error fails the test. */
function refusal(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (!isMagpieError(error)) throw error
    return `${error.code} ${error.details?.limit ?? ""}`.trim()
  }
}

/** What a value says, whatever the order of its keys; of objects their own fields alone. */
function said(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(said)
  return {
    fields: Object.entries(value)
      .map(([key, inner]) => [key, said(inner)])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  }
}

function toPublication({ type: _, data, changed, ...rest }: Message): Publication {
  return { ...rest, data: toJsonText(data), ...(changed && { changed: toJsonText(changed) }) }
}

function asText<T extends { readonly state: unknown }>(member: T): T & { readonly state: JsonText } {
  return { ...member, state: toJsonText(member.state) }
}

const HOSTILE = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"]

/** Whatever JSON can hold, with texts and keys that some decoders stumble over. */
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(...HOSTILE, "\ufeff", "\u0000", "鵲橋 👋", `\ufeff${"長".repeat(100)}`, "\ufeff\ufeff".padEnd(260, "é"), "x".repeat(300)),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 64, 1e300),
)
const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(texts, numbers, fc.constantFrom(null, true, false)),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.array(fc.tuple(texts, tie("value")), { maxLength: 20 }).map((entries) => {
      const object = {}
      for (const [key, value] of entries)
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      return object
    }),
  ),
}))

describe.each(CODECS)("codec $name", ({ client, server, write, doubled, nested, halfText, nonsense, otherFrame }) => {
  /** The values of a stranger's frame; the first message that is refused throws its refusal. */
  function untrusted(frame: Encoded, several = true): readonly unknown[] {
    return server.decodeUntrusted(frame, DEFAULT_LIMITS, several).map((decoded) => {
      if ("error" in decoded) throw decoded.error
      return decoded.value
    })
  }

  const outcomes = (frame: Encoded) =>
    server.decodeUntrusted(frame, DEFAULT_LIMITS, true).map((one) => ("error" in one ? [one.error.code, one.id] : "taken"))

  it("names the same subprotocol on both sides", () => {
    expect(client.subprotocol).toBe(server.subprotocol)
    expect(server.subprotocol).toMatch(/^magpie\.v1\.[a-z]+$/)
  })

  it("carries every message of a client to the server as it is", () => {
    for (const message of UP) expect(untrusted(client.encode(message))).toStrictEqual([plain(message)])
  })

  it("carries every message of a server to the client as it is", () => {
    for (const message of DOWN) expect(client.decode(server.encode(message))).toStrictEqual([plain(message)])
  })

  it("writes publications and pages of them as the messages that they are, without a field more", () => {
    const extra = { pattern: "chat/:room", bytes: 3 }
    for (const message of DOWN) {
      if (message.type === "message") {
        expect(client.decode(server.encodePublication({ ...toPublication(message), ...extra }))).toStrictEqual([plain(message)])
      } else if (message.type === "history") {
        const { id, channel, more, position, messages } = message
        const publications = messages.map((stored) => ({ ...toPublication({ type: "message", channel, ...stored }), ...extra }))
        expect(client.decode(server.encodePage({ id, channel, more, position, ...extra }, publications))).toStrictEqual([plain(message)])
      }
    }
  })

  it("writes the rows of a table as the message that it is, without a field more", () => {
    const extra = { secret: 1 }
    const header = { channel: "quotes", since: 3, position: { epoch: "e", offset: 9 }, ...extra }
    const head = { version: 7, count: 2, at: 1_767_225_600_000, ...extra }
    const value = { bid: 9.5, name: "鵲橋", deep: [{}, null] }
    const texts: readonly RowText[] = [
      { ...head, key: "a", from: "ann", data: toJsonText(value) },
      { ...head, key: "b", fields: toJsonText({ bid: 1 }) },
      { ...head, key: "c", born: 5, gone: true },
    ]
    const frame = server.encodeRows({ ...header, reset: true, more: true }, texts.map(server.encodeRow))
    const { secret: _, ...row } = head
    const rows = [
      { key: "a", ...row, from: "ann", data: value },
      { key: "b", ...row, fields: { bid: 1 } },
      { key: "c", ...row, born: 5, gone: true },
    ]
    const message = { type: "rows", channel: "quotes", since: 3, position: { epoch: "e", offset: 9 }, reset: true, more: true, rows }
    expect(client.decode(frame)).toStrictEqual([message])
    expect(client.decode(server.encodeRows(header, []))).toMatchObject([{ type: "rows", rows: [] }])
    const slowed = { ...header, intervalMs: 1_000, slowedBy: "link" } as const
    expect(client.decode(server.encodeRows(slowed, []))).toMatchObject([{ intervalMs: 1_000, slowedBy: "link", rows: [] }])
  })

  it("writes who is present as the messages that they are, without a field more", () => {
    const extra = { secret: 1 }
    const counts = <T extends { counts: object }>(message: T): T => ({ ...message, counts: { ...message.counts, ...extra } })
    const people = <T extends { readonly state: unknown }>(members: readonly T[] = []) =>
      members.map((one) => ({ ...asText(one), ...extra }))
    for (const message of DOWN) {
      if (message.type === "presence") {
        const { joined, updated, left = [] } = message
        const delta = { ...counts(message), joined: people(joined), updated: people(updated), left }
        expect(client.decode(server.encodePresence(delta))).toStrictEqual([plain(message)])
      } else if (message.type === "watched") {
        expect(client.decode(server.encodeWatched(counts(message), message.page && people(message.page)))).toStrictEqual([plain(message)])
      } else if (message.type === "members") {
        expect(client.decode(server.encodeMembers({ ...counts(message), id: message.id }, people(message.page)))).toStrictEqual([
          plain(message),
        ])
      }
    }
  })

  it("gives back what was joined, however the messages are spread over frames", () => {
    const parts = ALL.map((message) => server.encode(message))
    const split = fc.array(fc.integer({ min: 0, max: parts.length }), { maxLength: 8 })
    const property = fc.property(split, (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), parts.length]
      const frames = edges.slice(1).flatMap((end, index) => {
        const part = parts.slice(edges[index], end)
        return part.length === 0 ? [] : [server.join(part)]
      })
      expect(frames.flatMap((frame) => untrusted(frame))).toEqual(ALL.map(plain))
      expect(frames.flatMap((frame) => client.decode(frame))).toEqual(ALL.map(plain))
    })
    fc.assert(property, { seed: SEED, numRuns: 100 })
  })

  it("[F44] refuses a frame that is cut anywhere but between two messages, and takes the whole messages before", () => {
    const parts = UP.map((message) => client.encode(message))
    const frame = client.join(parts)
    const whole = new Set(parts.map((_, index) => lengthOf(client.join(parts.slice(0, index + 1)))))
    for (let length = 0; length < lengthOf(frame); length++) {
      expect(
        refusal(() => untrusted(cut(frame, length))),
        `cut at ${length}`,
      ).toBe(whole.has(length) ? undefined : "BAD_REQUEST")
      const before = [...whole].filter((end) => end <= length).length
      expect(outcomes(cut(frame, length)).slice(0, before)).toEqual(Array.from({ length: before }, () => "taken"))
    }
  })

  it("[F45] carries any value that JSON can hold, hostile keys and texts among it, both ways and out of the log", () => {
    const property = fc.property(anyJson, (data) => {
      const publish = { type: "publish", channel: "a", name: "n", data } as const
      const message = { type: "message", channel: "a", name: "n", at: 1, data } as const
      expect(untrusted(client.encode(publish)).map(said)).toEqual([said(publish)])
      expect(client.decode(server.encode(message)).map(said)).toEqual([said(message)])
      expect(client.decode(server.encodePublication({ ...message, data: toJsonText(data) })).map(said)).toEqual([said(message)])
    })
    fc.assert(property, { seed: SEED, numRuns: 1_500 })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each([
    ["a date", new Date(0)],
    ["undefined in an object", { a: undefined, b: 1 }],
    ["undefined in a list", [undefined, 1]],
    ["numbers that are none", [Number.NaN, Number.POSITIVE_INFINITY]],
    ["a toJSON of its own", { a: { toJSON: () => ({ b: 1 }) } }],
    ["a function as a field", { a: () => 1, b: 2 }],
    ["a boxed text", [Object("text")]],
    [
      "an object of a class",
      new (class Point {
        x = 1
        get y() {
          return 2
        }
      })(),
    ],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["bytes", new Uint8Array([1, 2])],
    ["minus zero", [-0]],
  ])("writes %s with the meaning that JSON gives it", (_name, data) => {
    const [read] = untrusted(client.encode({ type: "publish", channel: "a", name: "n", data }))
    expect(JSON.stringify((read as { data: unknown }).data)).toBe(JSON.stringify(data))
  })

  it.each([
    ["a bigint", 1n],
    ["a cycle", cycle()],
    ["half of a surrogate pair", "\ud83d"],
    ["half of a surrogate pair in a key", { "\udc4b": 1 }],
    ["what is nested deeper than a server takes", JSON.parse("[".repeat(jsonDepth) + "]".repeat(jsonDepth))],
  ])("refuses to send %s, which no server would take", (_name, value) => {
    const data = typeof value === "bigint" ? { value } : value
    expect(refusal(() => client.encode({ type: "publish", channel: "a", name: "n", data }))).toBe("BAD_REQUEST")
  })

  it("writes what the server's own code publishes, however deep, and half of a surrogate pair as something that can be read", () => {
    const text = `${"[".repeat(3_000)}"\\ud83d"${"]".repeat(3_000)}` as JsonText
    const [read] = client.decode(server.encodePublication({ channel: "a", name: "n", at: 1, data: text }))
    let inner = (read as { data: unknown }).data
    let depth = 0
    for (; Array.isArray(inner); inner = inner[0]) depth++
    expect([depth, typeof inner]).toEqual([3_000, "string"])
  })

  it.each(HOSTILE)("[F45] treats the key %s as plain data and changes no prototype", (key) => {
    const message = JSON.parse(`{"type":"publish","channel":"a","name":"n","data":{"${key}":{"polluted":true}},"${key}":{"polluted":true}}`)
    const parsed = parseUp(untrusted(write(message))[0])
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(Object.keys(parsed)).toEqual(["type", "channel", "name", "data"])
    const { data } = parsed as { data: object }
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    expect(Object.hasOwn(data, key)).toBe(true)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each([...HOSTILE, "a"])("[F44] refuses the key %s twice", (key) => {
    expect(refusal(() => untrusted(doubled(key)))).toBe("BAD_REQUEST")
  })

  it.each(["list", "object"] as const)("[F46] refuses a %s nested deeper than the limit by its limit, cut off or not", (kind) => {
    for (const depth of [jsonDepth + 1, 10_000]) expect(refusal(() => untrusted(nested(depth, kind, false)))).toBe("BAD_REQUEST jsonDepth")
    expect(refusal(() => untrusted(nested(10_000, kind, true)))).toMatch(/^BAD_REQUEST/)
    expect(untrusted(nested(jsonDepth, kind, false))).toHaveLength(1)
  })

  it("[F46] refuses more keys than the limit by its limit", () => {
    const keys = (count: number) => write(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1])))
    expect(untrusted(keys(jsonKeys))).toHaveLength(1)
    expect(refusal(() => untrusted(keys(jsonKeys + 1)))).toBe("BAD_REQUEST jsonKeys")
  })

  it("refuses more messages in a frame than the limit, and more than one where only one may be", () => {
    const frame = (count: number) => server.join(Array.from({ length: count }, () => write({})))
    expect(untrusted(frame(messagesPerFrame))).toHaveLength(messagesPerFrame)
    expect(refusal(() => untrusted(frame(messagesPerFrame + 1)))).toBe("BAD_REQUEST messagesPerFrame")
    expect(refusal(() => untrusted(frame(2), false))).toMatch(/^BAD_REQUEST/)
  })

  it("answers a bad message alone, with its id, and takes its neighbours", () => {
    const good = write({ type: "ping" })
    const tooDeep = write({ data: JSON.parse("[".repeat(99) + "]".repeat(99)), id: 9 })
    expect(outcomes(server.join([good, halfText(7), nonsense, doubled("a"), tooDeep, good]))).toEqual([
      "taken",
      ["BAD_REQUEST", 7],
      ["BAD_REQUEST", undefined],
      ["BAD_REQUEST", undefined],
      ["BAD_REQUEST", 9],
      "taken",
    ])
  })

  it("[F44] looks at no more malformed messages of a frame than a connection survives", () => {
    const bad = Array.from({ length: badRequests }, () => nonsense)
    const good = write({})
    expect(outcomes(server.join([good, ...bad, good])).at(-1)).toBe("taken")
    expect(outcomes(server.join([good, ...bad, good, nonsense, good]))).toHaveLength(badRequests + 3)
  })

  it("refuses a frame of the other kind, and an empty one", () => {
    for (const decode of [(frame: Encoded) => client.decode(frame), (frame: Encoded) => untrusted(frame)])
      expect(refusal(() => decode(otherFrame))).toBe("BAD_REQUEST")
    expect(refusal(() => untrusted(typeof nonsense === "string" ? "" : new Uint8Array()))).toBe("BAD_REQUEST")
  })
})

function cycle(): unknown {
  const ring: unknown[] = []
  ring.push(ring)
  return ring
}
