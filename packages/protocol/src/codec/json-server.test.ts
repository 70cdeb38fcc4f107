import { readFileSync } from "node:fs"
import fc from "fast-check"
import { afterEach, describe, expect, it } from "vitest"
import { isMagpieError, MagpieError } from "../errors.ts"
import { DEFAULT_LIMITS } from "../limits.ts"
import { parseDown } from "../messages/down.ts"
import { parseUp } from "../messages/up.ts"
import { jsonServerCodec } from "./json-server.ts"

const SEED = 20260101

/** The values of a frame; the first message that is refused throws its refusal. */
function decode(frame: string, several = false): readonly unknown[] {
  return jsonServerCodec.decodeUntrusted(frame, DEFAULT_LIMITS, several).map((decoded) => {
    if ("error" in decoded) throw decoded.error
    return decoded.value
  })
}

function refusal(action: () => unknown): MagpieError {
  try {
    action()
  } catch (error) {
    if (error instanceof MagpieError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

afterEach(() => {
  const probe: Record<string, unknown> = {}
  expect(probe.polluted, "a prototype was polluted").toBeUndefined()
  expect(Object.keys(Object.prototype)).toEqual([])
})

describe("malformed text", () => {
  it.each([
    ["nothing", ""],
    ["no JSON", "hello"],
    ["half an object", '{"type":"ping"'],
    ["two values", '{"type":"ping"}{"type":"ping"}'],
    ["NaN", '{"type":"ping","id":NaN}'],
    ["Infinity", '{"type":"ping","id":Infinity}'],
    ["a trailing comma", '{"type":"ping",}'],
    ["a comment", '{"type":"ping"/* */}'],
    ["single quotes", "{'type':'ping'}"],
    ["a raw line feed in a text", '{"type":"pi\nng"}'],
    ["a byte order mark", '\ufeff{"type":"ping"}'],
    ["an escaped half of a surrogate pair", '{"type":"ping","x":"\\ud83d"}'],
    ["the second half first", '{"type":"ping","x":"\\udc4b\\ud83d"}'],
    ["two first halves", '{"type":"ping","x":"\\ud83d\\ud83d\\udc4b"}'],
    ["a half in a key", '{"type":"ping","\\uDEAD":1}'],
    ["a half after an escaped backslash", '{"type":"ping","x":"\\\\\\ud83d"}'],
    ["an unescaped half", '{"type":"ping","x":"\ud83d"}'],
    ["half a pair escaped, half not", '{"type":"ping","x":"\\ud83d\udc4b"}'],
    ["a key twice", '{"type":"ping","type":"publish"}'],
    ["a key twice, once escaped", '{"type":"ping","\\u0074ype":"publish"}'],
    ["a key twice, deep inside", '{"type":"publish","data":[{"a":{"b":1,"b":1}}]}'],
    ["__proto__ twice", '{"type":"ping","__proto__":1,"__proto__":2}'],
  ])("[F44] refuses %s with BAD_REQUEST", (_name, frame) => {
    expect(refusal(() => decode(frame)).code).toBe("BAD_REQUEST")
  })

  it.each([
    ["a whole surrogate pair, escaped", '{"x":"\\ud83d\\udc4b"}', { x: "👋" }],
    ["a whole surrogate pair, as it is", '{"x":"👋"}', { x: "👋" }],
    ["an escaped backslash before a u", '{"x":"\\\\ud83d"}', { x: "\\ud83d" }],
    ["colons and braces within a text", '{"x":":{[\\":"}', { x: ':{[":' }],
    ["the same key in two objects", '{"a":{"k":1},"b":{"k":1}}', { a: { k: 1 }, b: { k: 1 } }],
    ["an empty key", '{"":1}', { "": 1 }],
  ])("takes %s", (_name, frame, value) => {
    expect(decode(frame)).toEqual([value])
  })

  it("takes several messages a frame only from those who speak the subprotocol", () => {
    const frame = '{"type":"ping"}\n{"type":"ping","id":1}'
    expect(decode(frame, true)).toHaveLength(2)
    expect(refusal(() => decode(frame, false)).code).toBe("BAD_REQUEST")
  })

  it("takes indented JSON from a plain client", () => {
    expect(decode('{\n  "type": "ping"\n}')).toEqual([{ type: "ping" }])
  })
})

describe("hostile keys", () => {
  const hostile = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"]

  it.each(hostile)("[F45] treats the key %s as plain data and changes no prototype", (key) => {
    const frame = `{"type":"publish","channel":"a","name":"n","data":{"${key}":{"polluted":true}},"${key}":{"polluted":true}}`
    const parsed = parseUp(decode(frame)[0])
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(Object.keys(parsed)).toEqual(["type", "channel", "name", "data"])
    if (parsed.type !== "publish") throw new Error("not a publish")
    expect(Object.hasOwn(parsed.data as object, key)).toBe(true)
  })

  it.each(hostile)("[F45] keeps a dictionary's key %s in a Map", (key) => {
    const parsed = parseUp(decode(`{"type":"ping","positions":{"${key}":3}}`)[0])
    if (parsed.type !== "ping") throw new Error("not a ping")
    expect([...(parsed.positions ?? [])]).toEqual([[key, 3]])
    expect(jsonServerCodec.encode(parsed)).toBe(`{"type":"ping","positions":{"${key}":3}}`)
  })

  it.each(hostile)("[F45] does not take the type %s for a message", (key) => {
    expect(refusal(() => parseUp(decode(`{"type":"${key}"}`)[0])).code).toBe("BAD_REQUEST")
  })

  it("[F45] does not read a field from a prototype that the message names", () => {
    expect(refusal(() => parseUp(decode('{"__proto__":{"type":"ping"}}')[0])).details?.field).toBe("type")
  })
})

describe("bombs", () => {
  it.each([
    ["lists", "[".repeat(10_000) + "]".repeat(10_000)],
    ["lists that are never closed", "[".repeat(10_000)],
    ["objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["brackets that close first", `${"]".repeat(100)}${"[".repeat(200)}`],
  ])("[F46] refuses 10,000 levels of %s", (_name, frame) => {
    expect(refusal(() => decode(frame)).code).toBe("BAD_REQUEST")
  })

  it("[F46] refuses depth by its limit, before the text is parsed", () => {
    const over = "[".repeat(DEFAULT_LIMITS.jsonDepth + 1)
    expect(refusal(() => decode(over)).details).toEqual({ limit: "jsonDepth" })
    const at = "[".repeat(DEFAULT_LIMITS.jsonDepth) + "]".repeat(DEFAULT_LIMITS.jsonDepth)
    expect(decode(at)).toHaveLength(1)
  })

  it("[F46] refuses keys by their limit, before the text is parsed", () => {
    const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join(",")}`
    expect(refusal(() => decode(keys(DEFAULT_LIMITS.jsonKeys + 1))).details).toEqual({ limit: "jsonKeys" })
    expect(decode(`${keys(DEFAULT_LIMITS.jsonKeys)}}`)).toHaveLength(1)
    expect(refusal(() => decode(keys(1_000_000))).details).toEqual({ limit: "jsonKeys" })
  })

  it("refuses more messages in a frame than the limit", () => {
    const frame = (count: number) => Array.from({ length: count }, () => "{}").join("\n")
    expect(decode(frame(DEFAULT_LIMITS.messagesPerFrame), true)).toHaveLength(DEFAULT_LIMITS.messagesPerFrame)
    expect(refusal(() => decode(frame(DEFAULT_LIMITS.messagesPerFrame + 1), true)).details).toEqual({ limit: "messagesPerFrame" })
  })

  it("[F44] looks at no more malformed messages of a frame than a connection survives", () => {
    const { badRequests, messagesPerFrame } = DEFAULT_LIMITS
    const frame = (lines: readonly string[]) => jsonServerCodec.decodeUntrusted(lines.join("\n"), DEFAULT_LIMITS, true)
    const refusals = (lines: readonly string[]) => frame(lines).map((decoded) => "error" in decoded)
    expect(frame(Array.from({ length: messagesPerFrame }, () => ""))).toHaveLength(badRequests + 1)
    const bad = Array.from({ length: badRequests }, () => "{oops")
    expect(refusals(["{}", ...bad, "{}"])).toEqual([false, ...bad.map(() => true), false])
    expect(refusals(["{}", ...bad, "{}", "{oops", "{}"])).toEqual([false, ...bad.map(() => true), false, true])
  })

  it("[F46] answers 60 KB of the worst text in at most a few times what plain data of that length takes", () => {
    const length = 60_000
    const plain = `{"type":"publish","data":[${Array.from({ length: length / 20 }, (_, index) => `{"name":"n${index % 10}","x":1}`).join(",")}]}`
    const worst = {
      "nesting at the limit": `[${("[".repeat(60) + "]".repeat(60)).concat(",").repeat(length / 121)}0]`,
      "nesting beyond the limit": "[".repeat(length),
      "escaped halves": `"${"\\ud83d".repeat(length / 6)}"`,
      "escaped pairs": `"${"\\ud83d\\udc4b".repeat(length / 12)}"`,
      backslashes: `"${"\\\\".repeat(length / 2)}"`,
      "an unclosed text of quotes": `"${'\\"'.repeat(length / 2)}`,
      "many keys": `{${Array.from({ length: 6_000 }, (_, index) => `"${index}":{}`).join(",")}}`,
    }
    const time = (frame: string) => fastest(() => void codeOf(() => decode(frame)))
    const base = time(plain)
    for (const [name, frame] of Object.entries(worst)) expect(time(frame) / base, name).toBeLessThan(20)
  })
})

/** Milliseconds of the fastest of several runs: the one least disturbed by the machine. */
function fastest(action: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 12; round++) {
    const start = performance.now()
    action()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** The code of the refusal, or undefined where there is none. Any other error fails the test. */
function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (!isMagpieError(error)) throw error
    return error.code
  }
}

describe("[G11] whatever comes in", () => {
  const vectors: { up: { wire: string }[]; down: { wire: string }[] } = JSON.parse(
    readFileSync(new URL("../../fixtures/messages.json", import.meta.url), "utf8"),
  )
  const wires = [...vectors.up, ...vectors.down].map((vector) => vector.wire)
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ",",
    "\\",
    "\n",
    "\\u",
    "\\ud83d",
    "\ud83d",
    "__proto__",
    '"__proto__":{"polluted":1},',
    "1e999",
    "-1",
  ]
  const splice = fc.record({
    at: fc.nat(400),
    remove: fc.nat(6),
    insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4, unit: "binary" })),
  })
  const mutated = fc.tuple(fc.constantFrom(...wires), fc.array(splice, { minLength: 1, maxLength: 4 })).map(([wire, splices]) => {
    let text = wire
    for (const { at, remove, insert } of splices) {
      const start = at % (text.length + 1)
      text = text.slice(0, start) + insert + text.slice(start + remove)
    }
    return text
  })

  /** Feeds one frame through everything that sees a stranger's text; throws when anything but a BAD_REQUEST comes out. */
  function swallow(frame: string, several: boolean): boolean {
    let values: readonly unknown[] = []
    const code = codeOf(() => {
      values = decode(frame, several)
    })
    if (code !== undefined && code !== "BAD_REQUEST") throw new Error(`decoding gave ${code}`)
    for (const value of values) {
      for (const parse of [parseUp, parseDown]) {
        const refused = codeOf(() => parse(value))
        if (refused !== undefined && refused !== "BAD_REQUEST") throw new Error(`parsing gave ${refused}`)
      }
    }
    if (Object.hasOwn(Object.prototype, "polluted")) throw new Error("a prototype was polluted")
    return code === undefined
  }

  it("[F44] answers 30,000 mutations of good messages with a message or BAD_REQUEST, never anything else", () => {
    let taken = 0
    const property = fc.property(mutated, fc.boolean(), (frame, several) => {
      if (swallow(frame, several)) taken++
    })
    fc.assert(property, { seed: SEED, numRuns: 30_000 })
    expect(taken, "some mutations must get past the decoder, else parsing is not tried").toBeGreaterThan(1_000)
  })

  it("[F44] [F45] answers any JSON value, hostile keys among them, with a message or BAD_REQUEST", () => {
    const type = fc.constantFrom("hello", "subscribe", "publish", "history", "ping", "welcome", "pong", "error", "gap", "__proto__")
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 2 },
        fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(null, true, 0, -1, 0.5, 2 ** 53, 1e300), fc.maxSafeInteger()),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("__proto__", "constructor", "epoch", "offset", "id", "channel", "positions"), tie("value"), {
          maxKeys: 3,
        }),
      ),
    }))
    const fields = fc.dictionary(
      fc.constantFrom("id", "channel", "position", "positions", "name", "data", "details", "messages", "__proto__"),
      value,
    )
    const property = fc.property(type, fields, (name, message) => {
      swallow(JSON.stringify({ type: name, ...message }), false)
    })
    fc.assert(property, { seed: SEED, numRuns: 5_000 })
  })
})
