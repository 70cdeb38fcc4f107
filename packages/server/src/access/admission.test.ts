import { DEFAULT_LIMITS } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createAdmission, type Verdict } from "./admission.ts"
import { createOccupancy } from "./occupancy.ts"

function setUp(limits: Partial<typeof DEFAULT_LIMITS> = {}, open: readonly string[] = []) {
  const { clock, random } = fakeEnv()
  const load = { over: false }
  const occupancy = createOccupancy()
  for (const address of open) occupancy.enter(address)
  const admission = createAdmission({
    limits: { ...DEFAULT_LIMITS, ...limits },
    origins: "same",
    clock,
    random,
    occupancy,
    overloaded: () => load.over,
  })
  const knock = (address = "192.0.2.1", origin?: string): Verdict => admission.knock({ address, origin, host: "h", cookieOnly: false })
  const knockFromAll = (count: number): Verdict[] =>
    Array.from({ length: count }, (_, index) => knock(`198.51.${index >> 8}.${index & 255}`))
  return { admission, clock, knock, knockFromAll, load }
}

describe("admission", () => {
  it("[F12] turns away what is over the rate with a jittered hint, and beyond the budget with a bare 503", () => {
    const { knockFromAll } = setUp({ handshakesPerSecond: 10 })
    const verdicts = knockFromAll(2_000)
    const count = (verdict: string): number => verdicts.filter((one) => one.verdict === verdict).length
    expect(count("admit")).toBe(20)
    expect(count("turn-away")).toBe(500)
    expect(count("refuse")).toBe(1_480)
    const hints = new Set(verdicts.flatMap((one) => (one.verdict === "turn-away" ? [one.retryAfterMs] : [])))
    expect(hints.size).toBeGreaterThan(400)
    expect(verdicts.at(-1)).toMatchObject({ status: 503, reason: "overloaded" })
  })

  it("[F79] asks those over the rate to come back as soon as it can take them, spread over a second and up to five", () => {
    const { knockFromAll } = setUp({ handshakesPerSecond: 1_000 })
    const hints = knockFromAll(9_000).flatMap((one) => ("retryAfterMs" in one ? [Number(one.retryAfterMs)] : []))
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

  it("[F12] admits newcomers from everywhere while one address knocks 5,000 times a second", async () => {
    const { knock, clock } = setUp()
    const newcomers: string[] = []
    for (let ms = 0; ms < 5_000; ms++) {
      for (let index = 0; index < 5; index++) knock("192.0.2.66")
      if (ms % 10 === 0) newcomers.push(knock(`198.51.100.${newcomers.length % 250}`).verdict)
      await clock.advance(1)
    }
    expect(new Set(newcomers)).toEqual(new Set(["admit"]))
  })

  it("[F12] tells others when to come back while one address knocks 5,000 times a second", async () => {
    const { admission, knock, clock } = setUp()
    admission.drain(60_000)
    const newcomers: string[] = []
    for (let ms = 0; ms < 5_000; ms++) {
      for (let index = 0; index < 5; index++) knock("192.0.2.66")
      if (ms % 10 === 0) newcomers.push(knock(`198.51.100.${newcomers.length % 250}`).verdict)
      await clock.advance(1)
    }
    expect(new Set(newcomers)).toEqual(new Set(["turn-away"]))
  })

  it("[F7] takes nothing off the rate of all for those whose page may not connect", () => {
    const { knock } = setUp({ handshakesPerSecond: 1 })
    for (let index = 0; index < 100; index++) knock(`198.51.100.${index}`, "https://evil.example")
    expect(knock().verdict).toBe("admit")
  })

  it("[F12] counts whoever is let in from the knock until it has left, and lets nobody in beyond the limits", () => {
    const { knock, knockFromAll } = setUp({ connections: 40, connectionsPerAddress: 5 })
    const first = Array.from({ length: 10 }, () => knock())
    const others = knockFromAll(100)
    const admitted = (verdicts: readonly Verdict[]): number => verdicts.filter(({ verdict }) => verdict === "admit").length
    expect([admitted(first), admitted(others)]).toEqual([5, 35])
    for (const verdict of first) if (verdict.verdict === "admit") verdict.leave()
    expect(admitted(knockFromAll(100))).toBe(5)
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
    const { knockFromAll, clock } = setUp({ handshakesPerSecond: 1_000 })
    await clock.advance(3_600_000)
    const hints = knockFromAll(2_100).flatMap((one) => ("retryAfterMs" in one ? [Number(one.retryAfterMs)] : []))
    expect(Math.max(...hints)).toBeLessThanOrEqual(1_005)
  })

  it("[F7] refuses a foreign origin with 403", () => {
    const verdict = { verdict: "refuse", status: 403, reason: "origin" }
    expect(setUp().knock("192.0.2.1", "https://evil.example")).toEqual(verdict)
  })

  it("turns away beyond the connection limits and while draining, each with its reason", () => {
    expect(setUp({ connections: 2 }, ["198.51.100.1", "198.51.100.2"]).knock()).toMatchObject({
      verdict: "turn-away",
      reason: "connection-limit",
      close: "CONNECTION_LIMIT",
    })
    expect(setUp({ connectionsPerAddress: 2 }, ["192.0.2.1", "192.0.2.1"]).knock()).toMatchObject({ reason: "connection-limit" })
    const draining = setUp()
    draining.admission.drain(60_000)
    const verdict = draining.knock()
    expect(verdict).toMatchObject({ verdict: "turn-away", reason: "draining", close: "SERVICE_RESTART" })
    expect(verdict).toHaveProperty(
      "retryAfterMs",
      expect.toSatisfy((ms: number) => ms >= 60_000 && ms <= 65_000),
    )
  })

  it("[F84] refuses whom a proxy of ours brings during a drain with a 503, so that the proxy can ask another server", () => {
    const { admission } = setUp()
    const knock = { address: "192.0.2.1", origin: undefined, host: "h", cookieOnly: false, forwarded: true }
    expect(admission.knock(knock)).toMatchObject({ verdict: "admit" })
    admission.drain(60_000)
    expect(admission.knock(knock)).toMatchObject({ verdict: "refuse", status: 503, reason: "draining" })
  })

  it("[F84] asks who may find another server by a new link to look for it soon, however long the drain is", () => {
    const { admission } = setUp()
    const knock = { address: "192.0.2.1", origin: undefined, host: "h", cookieOnly: false, newLink: true }
    expect(admission.knock(knock)).toMatchObject({ verdict: "admit" })
    admission.drain(60_000)
    const verdict = admission.knock(knock)
    expect(verdict).toMatchObject({ verdict: "turn-away", reason: "draining", close: "SERVICE_RESTART" })
    expect("retryAfterMs" in verdict ? verdict.retryAfterMs : undefined).toBeLessThanOrEqual(1_000)
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
    const { knock, knockFromAll, load } = setUp()
    load.over = true
    const verdicts = knockFromAll(100)
    expect(new Set(verdicts.map((one) => one.verdict === "turn-away" && one.close))).toEqual(new Set(["TRY_AGAIN_LATER"]))
    expect(new Set(verdicts.map((one) => one.verdict === "turn-away" && one.retryAfterMs)).size).toBeGreaterThan(80)
    load.over = false
    expect(knock().verdict).toBe("admit")
  })
})
