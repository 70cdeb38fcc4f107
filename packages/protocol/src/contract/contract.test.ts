import { describe, expect, it } from "vitest"
import { z } from "zod"
import type { MagpieError } from "../errors.ts"
import { type ChannelKinds, contract } from "./contract.ts"
import { broadcast, DEFAULT_RETENTION, type Kind, stream } from "./kinds.ts"

const kind = broadcast({ messages: { say: z.object({ text: z.string() }) } })

function refusal(declare: () => unknown): Partial<MagpieError> {
  try {
    declare()
  } catch (error) {
    return error as MagpieError
  }
  throw new Error("the contract was taken")
}

const declare = (...patterns: string[]) => contract(Object.fromEntries(patterns.map((pattern) => [pattern, kind])) as ChannelKinds)

describe("matching", () => {
  it("[F47] takes no longer for hostile names than for plain ones, because no pattern is a regular expression", () => {
    const app = declare(...Array.from({ length: 50 }, (_, index) => `a/:b/:c/:d/${index}/:e`))
    const once = (name: (round: number) => string): number => {
      const start = performance.now()
      for (let round = 0; round < 400; round++) refusal(() => app.match(name(round)))
      return performance.now() - start
    }
    const time = (name: (round: number) => string): number => Math.min(...Array.from({ length: 5 }, () => once(name)))
    time((round) => `warm/${round}`)
    const plain = time((round) => `a/b/c/d/none/${"e".repeat(200)}${round}`)
    const hostile = time((round) => `${"a/".repeat(100)}${"!".repeat(40)}${round}`)
    expect(hostile / plain).toBeLessThan(20)
  })

  it("gives the pattern, its kind and its parameters", () => {
    const app = contract({ "chat/:room": kind, quotes: stream({ messages: {} }) })
    expect(app.match("chat/lobby")).toMatchObject({ pattern: "chat/:room", kind, params: { room: "lobby" } })
    expect(app.match("quotes")).toMatchObject({ pattern: "quotes", kind: { kind: "stream" } })
  })

  it.each([
    ["fixed text over a parameter", ["chat/:room", "chat/lobby"], "chat/lobby", "chat/lobby"],
    ["from the left", [":area/lobby", "chat/:room"], "chat/lobby", "chat/:room"],
    ["whatever the order of declaration", ["chat/:room", ":area/lobby"], "chat/lobby", "chat/:room"],
    ["in the middle", ["user/:id/:box", "user/:id/inbox", "user/me/:box"], "user/me/inbox", "user/me/:box"],
    ["only where it fits", ["chat/lobby", "chat/:room"], "chat/garden", "chat/:room"],
    ["the same number of segments", ["a/:x", "a/:x/:y", "a"], "a/b/c", "a/:x/:y"],
  ])("prefers %s", (_name, patterns, name, pattern) => {
    expect(declare(...patterns).match(name).pattern).toBe(pattern)
  })

  it.each(["chat", "chat/a/b", "Chat/a", "chats/a", "chat/lobby/"])("does not match %s", (name) => {
    expect(["UNKNOWN_CHANNEL", "BAD_REQUEST"]).toContain(refusal(() => declare("chat/:room").match(name)).code)
  })

  it("[F38] tells users/42 from users/421 and matches no wildcard", () => {
    const app = declare("users/42")
    expect(app.match("users/42").pattern).toBe("users/42")
    for (const name of ["users/421", "users/4", "users/*", "users/４２", "*", "users/#"]) {
      expect(refusal(() => app.match(name)).code, name).toBe("UNKNOWN_CHANNEL")
    }
  })

  it("[F38] gives a look-alike as the parameter that it is, letter by letter", () => {
    expect(declare("chat/:room").match("chat/аdmin").params.room).toBe("\u0430dmin")
  })

  it("[F38] refuses dots, empty segments and 10 KB before any pattern is tried", () => {
    for (const name of ["chat/..", "chat/", "chat/.", `chat/${"a".repeat(10_240)}`]) {
      expect(refusal(() => declare("chat/:room").match(name)).code, name.slice(0, 20)).toBe("BAD_REQUEST")
    }
  })

  it("[F45] keeps parameters named like a prototype's members apart from it", () => {
    const { params } = declare("a/:constructor").match("a/__proto__")
    expect(Object.getPrototypeOf(params)).toBeNull()
    expect({ ...params }).toEqual({ constructor: "__proto__" })
    expect(declare("a/:b").match("a/x").params.toString).toBeUndefined()
    expect(refusal(() => declare("a/:b").match("toString")).code).toBe("UNKNOWN_CHANNEL")
  })
})

describe("a contract that cannot work", () => {
  it.each([
    ["two patterns for the same names", ["chat/:room", "chat/:id"], "match the same names"],
    ["two such patterns among others", ["a/:b/c", "x", "a/:d/c"], "match the same names"],
    ["an empty pattern", [""], "empty segment"],
    ["an empty segment", ["chat//:room"], "empty segment"],
    ["dots", ["chat/../:room"], "dots"],
    ["a parameter without a name", ["chat/:"], "parameter"],
    ["a parameter in capitals", ["chat/:Room"], "parameter"],
    ["a parameter with a dash", ["chat/:my-room"], "parameter"],
    ["a parameter named __proto__", ["chat/:__proto__"], "parameter"],
    ["a parameter named twice", ["chat/:room/:room"], "twice"],
    ["text that no name can hold", ["my chat"], "space"],
    ["text that is not in normal form", ["cafe\u0301"], "normal form"],
    ["more text than a name may have", ["a".repeat(256)], "longer"],
  ])("is refused for %s", (_name, patterns, why) => {
    expect(refusal(() => declare(...patterns))).toMatchObject({ code: "INVALID_OPTIONS", message: expect.stringContaining(why) })
  })

  it.each([
    ["no kind", undefined],
    ["a kind that is not known", { kind: "queue", messages: {} }],
    ["no messages", { kind: "broadcast" }],
    ["a message without a schema", { kind: "broadcast", messages: { say: undefined } }],
    ["a schema that is none", { kind: "broadcast", messages: { say: {} } }],
    ["a message's name with a space", { kind: "broadcast", messages: { "say it": z.string() } }],
    ["a message's name that starts with a digit", { kind: "broadcast", messages: { "1st": z.string() } }],
    ["a message's name of 65 letters", { kind: "broadcast", messages: { ["a".repeat(65)]: z.string() } }],
    ["no room in history", { kind: "stream", messages: {}, retention: { maxCount: 0, maxAgeMs: 1_000 } }],
    ["half a message of history", { kind: "stream", messages: {}, retention: { maxCount: 1.5, maxAgeMs: 1_000 } }],
    ["history of no time", { kind: "stream", messages: {}, retention: { maxCount: 1, maxAgeMs: 0 } }],
    ["endless history", { kind: "stream", messages: {}, retention: { maxCount: 1, maxAgeMs: Number.POSITIVE_INFINITY } }],
  ])("is refused for %s, and the error names the pattern", (_name, value) => {
    const error = refusal(() => contract({ "chat/:room": value as Kind }))
    expect(error).toMatchObject({ code: "INVALID_OPTIONS", message: expect.stringContaining('"chat/:room"') })
  })
})

describe("kinds", () => {
  it("gives a stream the default retention where none is said", () => {
    expect(stream({ messages: {} }).retention).toEqual(DEFAULT_RETENTION)
    expect(stream({ messages: {}, retention: { maxCount: 5 } }).retention).toEqual({ ...DEFAULT_RETENTION, maxCount: 5 })
  })
})
