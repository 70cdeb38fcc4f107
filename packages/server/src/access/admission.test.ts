import { DEFAULT_LIMITS } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createAdmission, type Verdict } from "./admission.ts"

function setUp(limits: Partial<typeof DEFAULT_LIMITS> = {}, open = { all: 0, fromAddress: 0 }) {
  const { clock, random } = fakeEnv()
  const load = { over: false }
  const admission = createAdmission({
    limits: { ...DEFAULT_LIMITS, ...limits },
    origins: "same",
    clock,
    random,
    count: () => open,
    overloaded: () => load.over,
  })
  const knock = (address = "192.0.2.1", origin?: string): Verdict => admission.knock({ address, origin, host: "h", cookieOnly: false })
  return { admission, clock, knock, open, load }
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

  it("[F79] asks those over the rate to come back as soon as it can take them, spread over a second and up to five", () => {
    const { knock } = setUp({ handshakesPerSecond: 1_000, handshakesPerAddressPerSecond: 100_000 })
    const hints = Array.from({ length: 9_000 }, () => knock()).flatMap((one) => ("retryAfterMs" in one ? [Number(one.retryAfterMs)] : []))
    expect(hints).toHaveLength(7_000)
    const spread = (from: number, to: number): number => Math.max(...hints.slice(from, to))
    expect(spread(0, 500)).toBeLessThanOrEqual(1_005)
    expect(spread(900, 1_000)).toBeGreaterThan(1_500)
    expect(spread(900, 1_000)).toBeLessThanOrEqual(2_005)
    expect(spread(6_000, 7_000)).toBeGreaterThan(4_500)
    expect(spread(6_000, 7_000)).toBeLessThanOrEqual(5_005)
  })

  it("[F12] slows one address down and leaves the others alone", async () => {
    const { knock, clock } = setUp({ handshakesPerAddressPerSecond: 1 })
    for (let index = 0; index < 10; index++) knock("192.0.2.66")
    expect(knock("192.0.2.66").verdict).toBe("turn-away")
    expect(knock("192.0.2.7").verdict).toBe("admit")
    await clock.advance(1_000)
    expect(knock("192.0.2.66").verdict).toBe("admit")
  })

  it("[F12] says how long the slower of the two rates asks to wait", () => {
    const { knock } = setUp({ handshakesPerSecond: 0.1, handshakesPerAddressPerSecond: 1 })
    for (let index = 0; index < 10; index++) knock()
    const verdict = knock()
    expect(verdict).toMatchObject({ verdict: "turn-away", reason: "overloaded", close: "TRY_AGAIN_LATER" })
    expect(verdict).toHaveProperty(
      "retryAfterMs",
      expect.toSatisfy((ms: number) => ms >= 10_000 && ms <= 15_000),
    )
  })

  it("[F79] spreads those over the rate from this moment on, however long the server has been up", async () => {
    const { knock, clock } = setUp({ handshakesPerSecond: 1_000, handshakesPerAddressPerSecond: 100_000 })
    await clock.advance(3_600_000)
    const hints = Array.from({ length: 2_100 }, () => knock()).flatMap((one) => ("retryAfterMs" in one ? [Number(one.retryAfterMs)] : []))
    expect(Math.max(...hints)).toBeLessThanOrEqual(1_005)
  })

  it("[F7] refuses a foreign origin with 403", () => {
    const verdict = { verdict: "refuse", status: 403, reason: "origin" }
    expect(setUp().knock("192.0.2.1", "https://evil.example")).toEqual(verdict)
  })

  it("turns away beyond the connection limits and while draining, each with its reason", () => {
    expect(setUp({ connections: 5 }, { all: 5, fromAddress: 0 }).knock()).toMatchObject({
      verdict: "turn-away",
      reason: "connection-limit",
      close: "CONNECTION_LIMIT",
    })
    expect(setUp({ connectionsPerAddress: 5 }, { all: 9, fromAddress: 5 }).knock()).toMatchObject({ reason: "connection-limit" })
    const draining = setUp()
    draining.admission.drain(60_000)
    const verdict = draining.knock()
    expect(verdict).toMatchObject({ verdict: "turn-away", reason: "draining", close: "SERVICE_RESTART" })
    expect(verdict).toHaveProperty(
      "retryAfterMs",
      expect.toSatisfy((ms: number) => ms >= 60_000 && ms <= 65_000),
    )
  })

  it("asks those who come during a drain to come back when it has ended", async () => {
    const { admission, clock, knock } = setUp()
    await clock.advance(10_000)
    admission.drain(clock.monotonic() + 20_000)
    await clock.advance(15_000)
    const hint = (): number => Number("retryAfterMs" in knock() ? (knock() as { retryAfterMs: number }).retryAfterMs : Number.NaN)
    expect(hint()).toSatisfy((ms: number) => ms >= 5_000 && ms <= 10_000)
    await clock.advance(60_000)
    expect(hint()).toSatisfy((ms: number) => ms >= 0 && ms <= 5_000)
  })

  it("[F80] turns everybody away with 1013 and a spread hint while the server is overloaded", () => {
    const { knock, load } = setUp()
    load.over = true
    const verdicts = Array.from({ length: 100 }, () => knock())
    expect(new Set(verdicts.map((one) => one.verdict === "turn-away" && one.close))).toEqual(new Set(["TRY_AGAIN_LATER"]))
    expect(new Set(verdicts.map((one) => one.verdict === "turn-away" && one.retryAfterMs)).size).toBeGreaterThan(80)
    load.over = false
    expect(knock().verdict).toBe("admit")
  })
})
