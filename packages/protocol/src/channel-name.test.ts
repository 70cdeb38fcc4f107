import { describe, expect, it } from "vitest"
import { parseChannelName } from "./channel-name.ts"

const refusal = expect.objectContaining({ code: "BAD_REQUEST", details: { field: "channel" } })

describe("a channel's name", () => {
  it.each([
    ["quotes", ["quotes"]],
    ["chat/lobby", ["chat", "lobby"]],
    ["chat/大廳", ["chat", "大廳"]],
    ["chat/café", ["chat", "café"]],
    ["a/b:c/d.e/...", ["a", "b:c", "d.e", "..."]],
    ["emoji/👋", ["emoji", "👋"]],
    ["__proto__/constructor", ["__proto__", "constructor"]],
    ["*/#/>", ["*", "#", ">"]],
  ])("takes %s", (name, segments) => {
    expect(parseChannelName(name)).toEqual(segments)
  })

  it.each([
    ["nothing", ""],
    ["a leading slash", "/a"],
    ["a trailing slash", "a/"],
    ["an empty segment", "a//b"],
    ["a dot", "a/./b"],
    ["two dots", "a/../b"],
    ["only dots", ".."],
    ["a space", "a b"],
    ["a space that does not break", "a\u00a0b"],
    ["a line feed", "a\nb"],
    ["a NUL", "a\0"],
    ["a zero-width space", "chat/lob\u200bby"],
    ["a zero-width joiner", "chat/lob\u200dby"],
    ["a soft hyphen", "chat/lob\u00adby"],
    ["a right-to-left override", "chat/\u202eybbol"],
    ["a variation selector", "chat/lobby\ufe0f"],
    ["a Hangul filler", "chat/\u3164"],
    ["a blank Braille cell", "chat/\u2800"],
    ["a combining grapheme joiner", "chat/lob\u034fby"],
    ["half a surrogate pair", "a\ud83d"],
    ["a letter with its accent apart", "chat/cafe\u0301"],
    ["a compatibility form that NFC replaces", "chat/\u212b"],
    ["a pattern", "chat/:room"],
    ["10 KB", "a".repeat(10_240)],
    ["256 bytes", "a".repeat(256)],
    ["86 letters of three bytes", "鵲".repeat(86)],
  ])("[F38] refuses %s with BAD_REQUEST", (_name, name) => {
    expect(() => parseChannelName(name)).toThrowError(refusal)
  })

  it("counts bytes, not characters, up to the limit itself", () => {
    expect(parseChannelName("a".repeat(255))).toHaveLength(1)
    expect(parseChannelName("鵲".repeat(85))).toHaveLength(1)
    expect(parseChannelName("👋", 4)).toHaveLength(1)
    expect(() => parseChannelName("👋", 3)).toThrowError(refusal)
    expect(() => parseChannelName("é", 1)).toThrowError(refusal)
  })

  it("[F38] keeps names that only look alike apart", () => {
    const latin = parseChannelName("chat/admin")
    const cyrillic = parseChannelName("chat/аdmin")
    expect(latin[1]).not.toBe(cyrillic[1])
    expect(parseChannelName("users／42")).toEqual(["users／42"])
  })
})
