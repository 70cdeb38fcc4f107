import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isMagpieError } from "../errors.ts"
import { DEFAULT_LIMITS } from "../limits.ts"
import { DOWN_SHAPES, type DownMessage, parseDown } from "../messages/down.ts"
import type { HistoryPage } from "../messages/history.ts"
import type { MembersPage, Present } from "../messages/members.ts"
import type { Message } from "../messages/message.ts"
import type { Presence } from "../messages/presence.ts"
import { parseUp, UP_SHAPES, type UpMessage } from "../messages/up.ts"
import type { Watched } from "../messages/watch.ts"
import type { JsonText, Publication } from "./codec.ts"
import { jsonCodec } from "./json.ts"
import { jsonServerCodec, toJsonText } from "./json-server.ts"

interface Vector {
  readonly wire: string
  readonly message: { readonly type: string }
}

const vectors: { readonly up: readonly Vector[]; readonly down: readonly Vector[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/messages.json", import.meta.url), "utf8"),
)
const sides = [
  { side: "up", cases: vectors.up, shapes: UP_SHAPES, parse: parseUp },
  { side: "down", cases: vectors.down, shapes: DOWN_SHAPES, parse: parseDown },
] as const

/** The same value with each Map as the object that it travels as. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner) => (inner instanceof Map ? Object.fromEntries(inner) : inner)))
}

function toPublication({ channel, ...fields }: Omit<Message, "type">): Publication {
  const { changed, ...rest } = fields
  return { channel, ...rest, data: toJsonText(fields.data), ...(changed && { changed: toJsonText(changed) }) }
}

const PRESENCE = ["presence", "watched", "members"]
type PresenceMessage = (Presence | Watched | MembersPage) & { readonly page?: readonly Present[] }

function toPresentText<M extends { readonly state: unknown }>(member: M): M & { readonly state: JsonText } {
  return { ...member, state: toJsonText(member.state) }
}

describe.each(sides)("golden vectors, $side", ({ cases, shapes, parse }) => {
  it("covers every message of its direction", () => {
    expect(new Set(cases.map((vector) => vector.message.type))).toEqual(new Set(shapes.keys()))
  })

  it.each(cases)("reads and writes $wire", ({ wire, message }) => {
    const values = jsonCodec.decode(wire)
    expect(values).toHaveLength(1)
    const parsed: UpMessage | DownMessage = parse(values[0])
    expect(plain(parsed)).toEqual(message)
    expect(jsonCodec.encode(parsed)).toBe(wire)
  })

  it.each(cases)("reads $message.type the same as a stranger's text", ({ wire }) => {
    expect(untrusted(wire, false)).toEqual(jsonCodec.decode(wire))
  })
})

describe("what the server writes without reading it again", () => {
  it("writes a publication exactly as a message is written", () => {
    const messages = vectors.down.filter((vector) => vector.message.type === "message")
    for (const { wire, message } of messages) {
      const { type: _, ...fields } = message as Message
      expect(jsonServerCodec.encodePublication(toPublication(fields))).toBe(wire)
    }
    expect(messages.length).toBeGreaterThan(1)
  })

  it("writes a page of history exactly as the message is written", () => {
    const vector = vectors.down.find(({ message }) => message.type === "history")
    if (vector === undefined) throw new Error("no vector of a history page")
    const { id, channel, more, position, messages } = vector.message as HistoryPage
    const publications = messages.map((stored) => toPublication({ channel, ...stored }))
    expect(jsonServerCodec.encodePage({ id, channel, more, position }, publications)).toBe(vector.wire)
  })

  it.each(vectors.down.filter(({ message }) => PRESENCE.includes(message.type)))("writes $wire without its states being read", (vector) => {
    const { type, page, ...header } = vector.message as unknown as PresenceMessage
    const members = page?.map(toPresentText)
    const written = {
      presence: () => {
        const { joined = [], updated = [], left = [], ...rest } = header as Presence
        return jsonServerCodec.encodePresence({ ...rest, joined: joined.map(toPresentText), updated: updated.map(toPresentText), left })
      },
      watched: () => jsonServerCodec.encodeWatched(header as Watched, members),
      members: () => jsonServerCodec.encodeMembers(header as MembersPage, members ?? []),
    }
    expect(written[type as keyof typeof written]()).toBe(vector.wire)
  })

  it("escapes what a stranger chose, so that a frame keeps its number of messages", () => {
    const publication: Publication = { channel: 'a"\n\\', name: "n", data: toJsonText("\n"), at: 0, from: '"\n', ref: "\n" }
    const wire = jsonServerCodec.encodePublication(publication)
    expect(jsonCodec.decode(wire)).toEqual([{ type: "message", ...publication, data: "\n" }])
  })

  it.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a cycle", cycle()],
  ])("refuses %s as data with BAD_REQUEST", (_name, value) => {
    expect(() => toJsonText(value)).toThrowError(expect.objectContaining({ code: "BAD_REQUEST", details: { field: "data" } }))
    const publish: UpMessage = { type: "publish", channel: "a", name: "n", data: { value: value === undefined ? 1n : value } }
    if (typeof value !== "function") expect(() => jsonCodec.encode(publish)).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
  })
})

function cycle(): unknown {
  const ring: unknown[] = []
  ring.push(ring)
  return ring
}

describe("frames", () => {
  const all = [...vectors.up, ...vectors.down]

  it.each(all)("refuses every truncation of $message.type with BAD_REQUEST", ({ wire }) => {
    for (let length = 0; length < wire.length; length++) {
      expect(codeOf(() => jsonCodec.decode(wire.slice(0, length)))).toBe("BAD_REQUEST")
      expect(codeOf(() => untrusted(wire.slice(0, length)))).toBe("BAD_REQUEST")
    }
  })

  it("gives back what was joined, however the messages are spread over frames", () => {
    const wires = all.map((vector) => vector.wire)
    const split = fc.array(fc.integer({ min: 0, max: wires.length }), { maxLength: 8 })
    fc.assert(
      fc.property(split, (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), wires.length]
        const frames = edges.slice(1).flatMap((end, index) => {
          const part = wires.slice(edges[index], end)
          return part.length === 0 ? [] : [jsonCodec.join(part)]
        })
        const decoded = frames.flatMap((frame) => untrusted(frame))
        expect(decoded).toEqual(wires.map((wire) => JSON.parse(wire)))
      }),
      { seed: 20260101, numRuns: 200 },
    )
  })

  it("refuses a joined frame that is cut anywhere but between two messages", () => {
    const wires = vectors.up.map((vector) => vector.wire)
    const frame = wires.join("\n")
    const whole = new Set(wires.map((_, index) => wires.slice(0, index + 1).join("\n").length))
    for (let length = 0; length < frame.length; length++) {
      const code = codeOf(() => untrusted(frame.slice(0, length)))
      expect(code, `cut at ${length}`).toBe(whole.has(length) ? undefined : "BAD_REQUEST")
    }
  })

  it("answers a bad message alone, with its id, and takes its neighbours", () => {
    const good = vectors.up[0]?.wire ?? ""
    const bad = [
      '{"type":"publish","data":"\\ud83d","id":7}',
      "{oops",
      '{"a":1,"a":2,"id":8}',
      `{"data":${"[".repeat(99)}${"]".repeat(99)},"id":9}`,
    ]
    const decoded = jsonServerCodec.decodeUntrusted([good, ...bad, good].join("\n"), DEFAULT_LIMITS, true)
    expect(decoded.map((one) => ("error" in one ? [one.error.code, one.id] : "taken"))).toEqual([
      "taken",
      ["BAD_REQUEST", 7],
      ["BAD_REQUEST", undefined],
      ["BAD_REQUEST", 8],
      ["BAD_REQUEST", 9],
      "taken",
    ])
  })

  it("refuses a binary frame", () => {
    expect(codeOf(() => jsonCodec.decode(new Uint8Array([123, 125])))).toBe("BAD_REQUEST")
    expect(codeOf(() => untrusted(new Uint8Array([123, 125])))).toBe("BAD_REQUEST")
  })
})

/** The values of a stranger's frame; the first message that is refused throws its refusal. */
function untrusted(frame: string | Uint8Array, several = true): readonly unknown[] {
  return jsonServerCodec.decodeUntrusted(frame, DEFAULT_LIMITS, several).map((decoded) => {
    if ("error" in decoded) throw decoded.error
    return decoded.value
  })
}

/** The code of the MagpieError that `action` throws; undefined when it throws nothing. Anything else thrown is a failure. */
function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (isMagpieError(error)) return error.code
    throw error
  }
}
