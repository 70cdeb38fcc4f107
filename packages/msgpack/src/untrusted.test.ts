import { DEFAULT_LIMITS, isMagpieError, parseUp } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { encode } from "@msgpack/msgpack"
import { describe, expect, it } from "vitest"
import vectors from "../../protocol/fixtures/messages.json" with { type: "json" }
import { msgpack as clientMsgpack } from "./client-codec.ts"
import { msgpack } from "./server-codec.ts"

const codec = msgpack()

function outcome(frame: Uint8Array): string {
  const [first] = codec.decodeUntrusted(frame, DEFAULT_LIMITS, true)
  if (first === undefined || "value" in first) return "taken"
  return [first.error.code, first.error.details?.limit].filter(Boolean).join(" ")
}

describe("what a stranger claims", () => {
  it.each([
    ["a list of 4 billion values", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["an object of 4 billion keys", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["a text of 4 GB", [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ["bytes of 4 GB", [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ["an extension of 4 GB", [0xc9, 0xff, 0xff, 0xff, 0xff, 1]],
    ["a list of 65,535 within lists of 65,535", Array.from({ length: 300 }, () => [0xdc, 0xff, 0xff]).flat()],
    ["a text one byte longer than the frame", [0xa3, 0x61, 0x62]],
    ["the byte that MessagePack never uses", [0xc1]],
  ])("[F46] refuses %s before anything is allocated for it, on either side", (_claim, bytes) => {
    expect(outcome(Uint8Array.from(bytes))).toMatch(/^BAD_REQUEST/)
    expect(() => clientMsgpack().decode(Uint8Array.from(bytes))).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
  })

  it.each([
    ["bytes", [0xc4, 1, 0]],
    ["a timestamp", [0xd6, 0xff, 0, 0, 0, 0]],
    ["an extension of one byte", [0xd4, 0x72, 0x40]],
    ["an empty extension", [0xc7, 0, 1]],
    ["NaN", [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ["infinity in 32 bits", [0xca, 0x7f, 0x80, 0, 0]],
    ["a number as a key", [0x81, 1, 2]],
    ["a list as a key", [0x81, 0x90, 2]],
    ["nothing as a key", [0x81, 0xc0, 2]],
  ])("[F44] refuses %s, which JSON does not have, and takes the message behind it", (_what, bytes) => {
    const frame = Uint8Array.from([...bytes, ...encode({ type: "ping" })])
    const decoded = codec.decodeUntrusted(frame, DEFAULT_LIMITS, true)
    expect(decoded).toMatchObject([{ error: { code: "BAD_REQUEST" } }, { value: { type: "ping" } }])
  })

  it.each([
    ["a byte that begins nothing", [0x80]],
    ["a character that is cut", [0xe9, 0xb5]],
    ["an overlong form", [0xc0, 0xaf]],
    ["half of a surrogate pair", [0xed, 0xa0, 0xbd]],
    ["more than Unicode has", [0xf4, 0x90, 0x80, 0x80]],
  ])("[F44] refuses text with %s, as a value and as a key", (_what, bytes) => {
    expect(outcome(Uint8Array.from([0xa0 + bytes.length, ...bytes]))).toBe("BAD_REQUEST unicode")
    expect(outcome(Uint8Array.from([0x81, 0xa0 + bytes.length, ...bytes, 1]))).toBe("BAD_REQUEST unicode")
  })

  it("takes every way in which a number may be written", () => {
    const written = [
      [0xcc, 7],
      [0xcd, 0, 7],
      [0xce, 0, 0, 0, 7],
      [0xcf, 0, 0, 0, 0, 0, 0, 0, 7],
      [0xd0, 7],
      [0xd3, 0, 0, 0, 0, 0, 0, 0, 7],
      [0xca, 0x40, 0xe0, 0, 0],
    ]
    for (const bytes of written) {
      const frame = Uint8Array.from([0x82, ...encode("type"), ...encode("ping"), ...encode("id"), ...bytes])
      const [decoded] = codec.decodeUntrusted(frame, DEFAULT_LIMITS, true)
      expect(decoded).toEqual({ value: { type: "ping", id: 7 } })
    }
  })
})

it("[F46] looks at 60 KB of the worst in at most a few times what plain data of that length takes", () => {
  const size = 60_000
  const fill = (...bytes: readonly number[]) => Array.from({ length: Math.floor(size / bytes.length) }, () => bytes).flat()
  const list = (count: number, bytes: readonly number[]) => Uint8Array.from([0xdd, 0, 0, count >> 8, count & 0xff, ...bytes])
  const plain = encode({ data: Array.from({ length: 3_000 }, (_, index) => ({ name: `n${index % 10}`, x: 1.5 })) })
  const worst = {
    "nesting beyond the limit": Uint8Array.from(fill(0x91)),
    "empty objects": list(60_000, fill(0x80)),
    "keys of one letter": list(
      20_000,
      fill(0x81, 0xa1, 0x61)
        .map((byte, index) => (index % 3 === 2 ? 0x61 : byte))
        .concat(fill(1).slice(0, 20_000)),
    ),
    prototypes: list(5_000, fill(0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 1)),
    "texts of three bytes": list(15_000, fill(0xa3, 0xe9, 0xb5, 0xb2)),
    "texts that are no UTF-8": list(30_000, fill(0xa1, 0xff)),
    "messages that are refused": Uint8Array.from(fill(0x81, 1, 1)),
  }
  const time = (frame: Uint8Array) => fastest(() => void outcome(frame))
  const base = time(plain)
  for (const [name, frame] of Object.entries(worst)) expect(time(frame) / base, name).toBeLessThan(20)
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

it("[G11][F44] answers 10,000 mutations of good frames with messages or BAD_REQUEST, on either side, never anything else", () => {
  const random = seededRandom("msgpack")
  const good = [...vectors.up, ...vectors.down].map(({ message }) => encode(message))
  const client = clientMsgpack()
  let taken = 0
  const refusedOrNot = (action: () => unknown): void => {
    try {
      action()
    } catch (error) {
      if (!isMagpieError(error) || error.code !== "BAD_REQUEST") throw error
    }
  }
  for (let round = 0; round < 10_000; round++) {
    const frame = Uint8Array.from([...random.pick(good), ...random.pick(good)])
    for (let left = random.integer(1, 4); left > 0; left--) frame[random.integer(0, frame.length - 1)] = random.integer(0, 255)
    refusedOrNot(() => client.decode(frame))
    for (const one of codec.decodeUntrusted(frame, DEFAULT_LIMITS, true)) {
      if ("error" in one) expect(one.error.code).toBe("BAD_REQUEST")
      else {
        taken++
        refusedOrNot(() => parseUp(one.value))
      }
    }
  }
  expect(taken, "some mutations must get past the decoder, else parsing is not tried").toBeGreaterThan(1_000)
  expect(Object.keys(Object.prototype)).toEqual([])
})
