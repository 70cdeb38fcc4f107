import { readFileSync } from "node:fs"
import { MagpieError, parseDown } from "@magpie/protocol"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readDown } from "./read-down.ts"

const { down }: { readonly down: readonly { readonly message: Record<string, unknown> }[] } = JSON.parse(
  readFileSync(new URL("../../../protocol/fixtures/messages.json", import.meta.url), "utf8"),
)

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  welcome: ["connection", "session", "producer", "heartbeatMs", "messageBytes"],
  subscribed: ["channel", "answer"],
  unsubscribed: ["channel"],
  published: [],
  message: ["channel", "name", "at"],
  history: ["channel", "messages", "position"],
  token: [],
  "token-expiring": ["inMs"],
  error: ["code", "message"],
  gap: ["channel", "reason"],
  position: ["channel", "position"],
  pong: [],
  "go-away": [],
}

/** What the reader makes of a value: the type it read, "ignored", "critical", or the field that it refused. */
function outcomeOf(value: unknown): unknown {
  try {
    const message = readDown(value) ?? "ignored"
    return typeof message === "string" ? message : message.type
  } catch (thrown) {
    if (thrown instanceof MagpieError && thrown.code === "BAD_REQUEST") return { refused: thrown.details?.field }
    throw thrown
  }
}

const core = down.filter(({ message }) => Object.hasOwn(NEEDED, String(message.type)))

test.each(core)("reads $message.type as the full description does", ({ message }) => {
  expect(readDown(message)).toEqual(parseDown(message))
})

describe.each(Object.entries(NEEDED))("%s", (type, fields) => {
  const whole = down.find(({ message }) => message.type === type)?.message

  test("is among the golden messages", () => expect(whole).toBeDefined())

  test.each(fields)("is refused without its %s, and with one of another type", (field) => {
    for (const wrong of [undefined, null, true]) expect(outcomeOf({ ...whole, [field]: wrong })).toEqual({ refused: field })
  })

  test("needs nothing else", () => {
    const least = Object.fromEntries(Object.entries({ ...whole }).filter(([field]) => field === "type" || fields.includes(field)))
    expect(outcomeOf(least)).toBe(type)
  })
})

test("an optional field of a wrong type is the server's word", () => {
  expect(readDown({ type: "pong", id: "x" })).toEqual({ type: "pong", id: "x" })
})

test("what is counted with later, when nobody catches an error any more, is refused where it cannot be", () => {
  const odd = { toString: 1 }
  for (const offset of [undefined, null, "1", odd]) {
    const position = { epoch: "e", offset }
    expect(outcomeOf({ type: "position", channel: "c", position })).toEqual({ refused: "position" })
    expect(outcomeOf({ type: "gap", channel: "c", reason: "slow", position })).toEqual({ refused: "position" })
    expect(outcomeOf({ type: "pong", ahead: { a: { epoch: "e", offset: 1 }, b: position } })).toEqual({ refused: "position" })
  }
  for (const ahead of [{ c: null }, { c: 1 }]) expect(outcomeOf({ type: "pong", ahead })).toEqual({ refused: "position" })
  for (const retryAfterMs of ["1", true, odd]) {
    expect(outcomeOf({ type: "go-away", retryAfterMs })).toEqual({ refused: "retryAfterMs" })
    expect(outcomeOf({ type: "error", code: "X", message: "m", retryAfterMs })).toEqual({ refused: "retryAfterMs" })
  }
})

test("dictionaries become Maps, and a key that names a prototype is a key like any other", () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  const ahead = '{"__proto__":{"epoch":"e","offset":1},"constructor":{"epoch":"e","offset":2}}'
  const pong = readDown(JSON.parse(`{"type":"pong","ahead":${ahead}}`))
  expect(pong).toEqual({ type: "pong", ahead: new Map(Object.entries(JSON.parse(ahead))) })
  const odd = JSON.parse('{"type":"pong","__proto__":{"ahead":{"a":1}},"constructor":1}')
  expect(Object.getPrototypeOf(readDown(odd))).toBe(Object.prototype)
  const error = readDown({ type: "error", code: "X", message: "m", details: JSON.parse('{"__proto__":1}') })
  expect(error).toMatchObject({ details: new Map([["__proto__", 1]]) })
  expect(readDown({ ...down[0]?.message, type: "pong", channels: { "chat/:room": "stream" } })).toMatchObject({
    channels: new Map([["chat/:room", "stream"]]),
  })
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(outcomeOf({ type: "__proto__" })).toBe("ignored")
  expect(outcomeOf({ type: "toString" })).toBe("ignored")
})

test("[F85] a type that is not known is ignored unless it is critical; what has none is refused", () => {
  expect(outcomeOf({ type: "from-the-future" })).toBe("ignored")
  for (const critical of [false, "true", 1, null]) expect(outcomeOf({ type: "from-the-future", critical })).toBe("ignored")
  expect(outcomeOf({ type: "from-the-future", critical: true })).toBe("critical")
  expect(outcomeOf({ type: "pong", critical: true })).toBe("pong")
  for (const value of [null, undefined, 1, "text", [], {}, { type: 1 }, { type: null }])
    expect(outcomeOf(value)).toEqual({ refused: "type" })
})

test("whatever a server says, nothing but a MagpieError is thrown", () => {
  const type = fc.constantFrom(...Object.keys(NEEDED))
  const fields = fc.dictionary(fc.constantFrom(...new Set(Object.values(NEEDED).flat()), "ahead", "channels", "details"), fc.jsonValue())
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ type, fields }).map((drawn) => ({ ...drawn.fields, type: drawn.type })),
      ),
      (value) => {
        outcomeOf(value)
      },
    ),
    { seed: 20260101, numRuns: 2_000 },
  )
})
