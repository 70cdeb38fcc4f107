import { DEFAULT_LIMITS } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { Liveness, type LivenessVerdict } from "./liveness.ts"

const options = { limits: DEFAULT_LIMITS, heartbeatMs: 10_000, pongTimeoutMs: 8_000, tokenGraceMs: 10_000 }
const idle = { queuedBytes: 0, takenBytes: 0 }
const again = (verdict: LivenessVerdict): number => ("againInMs" in verdict ? verdict.againInMs : Number.NaN)

describe("liveness", () => {
  it("[F64] asks after a silence, and gives up only when the question stays unanswered", () => {
    const liveness = new Liveness(options, 0)
    expect(liveness.check(9_000, 0, idle, undefined)).toMatchObject({ ping: false, againInMs: 1_000 })
    expect(liveness.check(10_000, 0, idle, undefined)).toMatchObject({ ping: true, againInMs: 8_000 })
    liveness.heard(12_000)
    expect(liveness.check(18_000, 0, idle, undefined)).toMatchObject({ ping: false })
    expect(liveness.check(22_000, 0, idle, undefined)).toMatchObject({ ping: true })
    expect(liveness.check(30_000, 0, idle, undefined)).toMatchObject({ close: "NO_PONG", cut: true })
  })

  it("takes bytes that leave for a sign of life, however long the queue stays", () => {
    const liveness = new Liveness(options, 0)
    for (const [round, queuedBytes] of [51_000, 52_000, 53_000, 54_000, 55_000].entries()) {
      const takenBytes = (round + 1) * 1_000
      expect(liveness.check((round + 1) * 10_000, 0, { queuedBytes, takenBytes }, undefined)).toHaveProperty("againInMs")
    }
  })

  it("closes a reader that takes nothing for stallMs, though it answers pings", () => {
    const liveness = new Liveness(options, 0)
    const stuck = { queuedBytes: 50_000, takenBytes: 1_000 }
    const verdicts = [1_000, 10_000, 19_000, 28_000, 37_000].map((now) => {
      liveness.heard(now)
      return liveness.check(now, 0, stuck, undefined)
    })
    expect(verdicts[3]).toHaveProperty("againInMs")
    expect(verdicts[4]).toMatchObject({ close: "SLOW_CONSUMER", cut: true })
  })

  it("[F33] reminds at 80 % of a token's life, once, and ends it after the grace", () => {
    const liveness = new Liveness(options, 0)
    const expiresAt = 100_000
    liveness.heard(0)
    expect(liveness.check(0, 0, idle, expiresAt)).toMatchObject({ tokenExpiresInMs: undefined })
    liveness.heard(80_000)
    expect(liveness.check(80_000, 80_000, idle, expiresAt)).toMatchObject({ tokenExpiresInMs: 20_000 })
    expect(liveness.check(80_500, 80_500, idle, expiresAt)).toMatchObject({ tokenExpiresInMs: undefined })
    liveness.heard(109_000)
    expect(again(liveness.check(109_000, 109_000, idle, expiresAt))).toBe(1_000)
    expect(liveness.check(110_000, 110_000, idle, expiresAt)).toMatchObject({ close: "TOKEN_EXPIRED" })
  })

  it("[F44] counts malformed messages in a window", () => {
    const liveness = new Liveness(options, 0)
    const strikes = Array.from({ length: DEFAULT_LIMITS.badRequests + 1 }, (_, index) => liveness.badRequest(index))
    expect(strikes.indexOf(true)).toBe(DEFAULT_LIMITS.badRequests)
    expect(liveness.badRequest(200_000)).toBe(false)
  })
})
