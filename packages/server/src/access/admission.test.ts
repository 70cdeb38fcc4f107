import { DEFAULT_LIMITS } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createAdmission, type Verdict } from "./admission.ts"

function setUp(limits: Partial<typeof DEFAULT_LIMITS> = {}, open = { all: 0, fromAddress: 0 }) {
  const { clock, random } = fakeEnv()
  const admission = createAdmission({ limits: { ...DEFAULT_LIMITS, ...limits }, origins: "same", clock, random, count: () => open })
  const knock = (address = "192.0.2.1", origin?: string): Verdict => admission.knock({ address, origin, host: "h", cookieOnly: false })
  return { admission, clock, knock, open }
}

describe("admission", () => {
  it("[F12] turns away what is over the rate with a jittered hint, and beyond the budget with a bare 503", () => {
    const { knock } = setUp({ handshakesPerSecond: 10, handshakesPerAddressPerSecond: 10_000 })
    const verdicts = Array.from({ length: 2_000 }, () => knock())
    const count = (verdict: string): number => verdicts.filter((one) => one.verdict === verdict).length
    expect(count("admit")).toBe(20)
    expect(count("turn-away")).toBe(500)
    expect(count("refuse")).toBe(1_480)
    const hints = new Set(verdicts.flatMap((one) => (one.verdict === "turn-away" ? [one.retryAfterMs] : [])))
    expect(hints.size).toBeGreaterThan(400)
    expect(verdicts.at(-1)).toMatchObject({ status: 503, reason: "overloaded" })
  })

  it("[F12] slows one address down and leaves the others alone", async () => {
    const { knock, clock } = setUp({ handshakesPerAddressPerSecond: 1 })
    for (let index = 0; index < 10; index++) knock("192.0.2.66")
    expect(knock("192.0.2.66").verdict).toBe("turn-away")
    expect(knock("192.0.2.7").verdict).toBe("admit")
    await clock.advance(1_000)
    expect(knock("192.0.2.66").verdict).toBe("admit")
  })

  it("[F7] refuses a foreign origin with 403", () => {
    expect(setUp().knock("192.0.2.1", "https://evil.example")).toMatchObject({ verdict: "refuse", status: 403 })
  })

  it("turns away beyond the connection limits and while draining, each with its reason", () => {
    expect(setUp({ connections: 5 }, { all: 5, fromAddress: 0 }).knock()).toMatchObject({
      verdict: "turn-away",
      reason: "connection-limit",
    })
    expect(setUp({ connectionsPerAddress: 5 }, { all: 9, fromAddress: 5 }).knock()).toMatchObject({ reason: "connection-limit" })
    const draining = setUp()
    draining.admission.drain()
    expect(draining.knock()).toMatchObject({ verdict: "turn-away", reason: "draining" })
  })
})
