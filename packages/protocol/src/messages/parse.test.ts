import { describe, expect, it } from "vitest"
import { MagpieError } from "../errors.ts"
import { parseDown } from "./down.ts"
import { parseUp } from "./up.ts"

function refused(action: () => unknown): MagpieError {
  try {
    action()
  } catch (error) {
    if (error instanceof MagpieError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

const up = (value: unknown) => refused(() => parseUp(value))

describe("what is no message", () => {
  it.each([
    ["a text", "ping"],
    ["a number", 1],
    ["null", null],
    ["a list", [{ type: "ping" }]],
    ["nothing", undefined],
    ["an object without a type", {}],
    ["a type that is a number", { type: 1 }],
    ["a type that is a list", { type: ["ping"] }],
    ["an unknown type", { type: "shout" }],
    ["a message of the other direction", { type: "welcome" }],
  ])("[F44] refuses %s with BAD_REQUEST", (_name, value) => {
    expect(up(value).code).toBe("BAD_REQUEST")
  })

  it("says whether an unknown message was marked critical, and which types it knows", () => {
    expect(up({ type: "shout" }).details).toMatchObject({ field: "type", critical: false })
    expect(up({ type: "shout", critical: true }).details).toMatchObject({ critical: true })
    expect(up({ type: "shout", critical: "yes" }).details).toMatchObject({ critical: false })
    expect(up({ type: "shout" }).details?.known).toContain("publish")
    // What has no type is nobody's message, newer or not.
    for (const value of [{ critical: true }, { type: 7, critical: true }]) expect(up(value).details).not.toHaveProperty("critical")
  })
})

describe("fields", () => {
  it.each([
    ["a missing version", { type: "hello" }, "version"],
    ["a version as text", { type: "hello", version: "1" }, "version"],
    ["version 0", { type: "hello", version: 0 }, "version"],
    ["a token that is no text", { type: "hello", version: 1, token: { a: 1 } }, "token"],
    ["null for an optional field", { type: "hello", version: 1, token: null }, "token"],
    ["a missing channel", { type: "subscribe" }, "channel"],
    ["a channel name of 10 KB", { type: "subscribe", channel: "a".repeat(10_240) }, "channel"],
    ["a missing field of a position", { type: "subscribe", channel: "a", position: { epoch: "e" } }, "position.offset"],
    ["a position that is a list", { type: "subscribe", channel: "a", position: [] }, "position"],
    ["missing data", { type: "publish", channel: "a", name: "n" }, "data"],
    ["positions that are a list", { type: "ping", positions: [1] }, "positions"],
    ["an entry of positions that is no offset", { type: "ping", positions: { "chat/a": "1" } }, "positions.chat/a"],
    ["too many positions", { type: "ping", positions: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [i, 1])) }, "positions"],
  ])("[F44] refuses %s and names the field", (_name, value, field) => {
    expect(up(value)).toMatchObject({ code: "BAD_REQUEST", details: { field } })
    expect(up(value).message).toContain(field)
  })

  it.each([
    ["a negative request id", { type: "ping", id: -1 }, "id"],
    ["a fraction as request id", { type: "ping", id: 1.5 }, "id"],
    ["the request id 2^53+1", JSON.parse('{"type":"ping","id":9007199254740993}'), "id"],
    ["the request id 1e400", JSON.parse('{"type":"ping","id":1e400}'), "id"],
    ["a negative sequence", { type: "publish", channel: "a", name: "n", data: 1, sequence: -1 }, "sequence"],
    ["sequence 0", { type: "publish", channel: "a", name: "n", data: 1, sequence: 0 }, "sequence"],
    ["the sequence 2^53", { type: "publish", channel: "a", name: "n", data: 1, sequence: 2 ** 53 }, "sequence"],
    ["a negative offset", { type: "subscribe", channel: "a", position: { epoch: "e", offset: -1 } }, "position.offset"],
    ["the offset 2^53", { type: "subscribe", channel: "a", position: { epoch: "e", offset: 2 ** 53 } }, "position.offset"],
    ["a negative offset in a ping", { type: "ping", positions: { a: -1 } }, "positions.a"],
    ["history before 0", { type: "history", channel: "a", before: 0 }, "before"],
    ["history after -1", { type: "history", channel: "a", after: -1 }, "after"],
    ["no messages of history", { type: "history", channel: "a", limit: 0 }, "limit"],
    ["last 0", { type: "subscribe", channel: "a", last: 0 }, "last"],
  ])("[F48] refuses %s", (_name, value, field) => {
    expect(up(value)).toMatchObject({ code: "BAD_REQUEST", details: { field } })
  })

  it("[F48] takes the largest safe integer", () => {
    const sequence = Number.MAX_SAFE_INTEGER
    expect(parseUp({ type: "publish", channel: "a", name: "n", data: 1, sequence })).toMatchObject({ sequence })
  })

  it("leaves out fields that it does not know, so that a newer side may send more", () => {
    expect(parseUp({ type: "ping", id: 1, colour: "red" })).toEqual({ type: "ping", id: 1 })
    const position = { epoch: "e", offset: 1, colour: "red" }
    expect(parseDown({ type: "position", channel: "a", position })).toEqual({
      type: "position",
      channel: "a",
      position: { epoch: "e", offset: 1 },
    })
  })

  it("takes false, zero, null and empty text as data", () => {
    for (const data of [false, 0, null, ""]) expect(parseUp({ type: "publish", channel: "a", name: "n", data })).toMatchObject({ data })
  })

  it("keeps an error short when a stranger's key is in its path", () => {
    const error = up({ type: "ping", positions: { ["k".repeat(60_000)]: -1 } })
    expect(error.message.length).toBeLessThan(400)
    expect(String(error.details?.field).length).toBeLessThan(300)
  })
})
