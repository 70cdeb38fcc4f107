import { DEFAULT_LIMITS, type MagpieError } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { parseVisit } from "./visit-socket.ts"

const HELLO = '{"type":"hello","version":1,"producer":"p1"}'
const HOW = { waits: false, leaves: false }
const visit = (...lines: readonly string[]) => parseVisit([HELLO, ...lines].join("\n"), HOW, DEFAULT_LIMITS)

function refusalOf(...lines: readonly string[]): MagpieError {
  try {
    visit(...lines)
  } catch (thrown) {
    return thrown as MagpieError
  }
  return expect.fail("it was taken")
}

describe("what a visitor brings", () => {
  it("is its hello, its frames as they came, and the ids that it waits for", () => {
    const lines = Array.from({ length: 300 }, (_, id) => JSON.stringify({ type: "ping", id }))
    const { hello, producer, frames, ids } = visit(...lines, '{"id":-1}', '{"id":1.5}', "no JSON")
    expect([hello, producer, ids.size]).toEqual([HELLO, "p1", 300])
    expect(frames.map((frame) => frame.split("\n").length)).toEqual([128, 128, 47])
    expect(frames.join("\n")).toBe([...lines, '{"id":-1}', '{"id":1.5}', "no JSON"].join("\n"))
  })

  it("[F46] [G11] is refused where it is more messages than the limit, before any of them is read", () => {
    const { visitMessages } = DEFAULT_LIMITS
    expect(visit(...Array.from({ length: visitMessages }, () => "{}")).frames.length).toBe(visitMessages / 128)
    expect(refusalOf(...Array.from({ length: visitMessages + 1 }, () => ""))).toMatchObject({
      code: "BAD_REQUEST",
      details: { limit: "visitMessages" },
    })
  })

  it("[F46] [G11] is refused with the malformed message that would end its connection, and not read to its end", () => {
    const { badRequests } = DEFAULT_LIMITS
    const malformed = Array.from({ length: badRequests }, () => "{")
    expect(visit(...malformed).ids.size).toBe(0)
    expect(refusalOf(...malformed, "{")).toMatchObject({ code: "BAD_REQUEST", details: { limit: "badRequests" } })
  })

  it("[F46] is refused where one message is too long, and where it does not begin with a hello", () => {
    expect(refusalOf(`"${"x".repeat(DEFAULT_LIMITS.messageBytes)}"`)).toMatchObject({
      code: "TOO_LARGE",
      details: { limit: "messageBytes" },
    })
    expect(() => parseVisit("{}", HOW, DEFAULT_LIMITS)).toThrow(/hello/)
  })
})
