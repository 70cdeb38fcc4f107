import { DEFAULT_LIMITS } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { createLiveness, type LivenessVerdict } from "./liveness.ts"

const options = { limits: DEFAULT_LIMITS, heartbeatMs: 10_000, pongTimeoutMs: 8_000, tokenGraceMs: 10_000 }
const again = (verdict: LivenessVerdict): number => ("againInMs" in verdict ? verdict.againInMs : Number.NaN)

describe("liveness", () => {
  it("[F64] asks after a silence, and gives up only when the question stays unanswered", () => {
    const liveness = createLiveness(options, 0)
    expect(liveness.check(9_000, 0, 0, undefined)).toMatchObject({ ping: false, againInMs: 1_000 })
    expect(liveness.check(10_000, 0, 0, undefined)).toMatchObject({ ping: true, againInMs: 8_000 })
    liveness.heard(12_000)
    expect(liveness.check(18_000, 0, 0, undefined)).toMatchObject({ ping: false })
    expect(liveness.check(22_000, 0, 0, undefined)).toMatchObject({ ping: true })
    expect(liveness.check(30_000, 0, 0, undefined)).toMatchObject({ close: "NO_PONG", cut: true })
  })

  it("takes a queue that shrinks for a sign of life, and one that stands still for a stall", () => {
    const liveness = createLiveness(options, 0)
    let now = 0
    for (let queued = 200_000; queued > 0; queued -= 20_000) {
      now += 9_000
      expect(liveness.check(now, 0, queued, undefined)).toHaveProperty("againInMs")
    }
    liveness.check(now + 1_000, 0, 50_000, undefined)
    const stalled = [10_000, 19_000, 28_000, 37_000].map((later) => {
      liveness.heard(now + later)
      return liveness.check(now + later, 0, 50_000, undefined)
    })
    expect(stalled[0]).toHaveProperty("againInMs")
    expect(stalled.at(-1)).toMatchObject({ close: "SLOW_CONSUMER" })
  })

  it("[F33] reminds at 80 % of a token's life, once, and ends it after the grace", () => {
    const liveness = createLiveness(options, 0)
    const expiresAt = 100_000
    liveness.heard(0)
    expect(liveness.check(0, 0, 0, expiresAt)).toMatchObject({ tokenExpiresInMs: undefined })
    liveness.heard(80_000)
    expect(liveness.check(80_000, 80_000, 0, expiresAt)).toMatchObject({ tokenExpiresInMs: 20_000 })
    expect(liveness.check(80_500, 80_500, 0, expiresAt)).toMatchObject({ tokenExpiresInMs: undefined })
    liveness.heard(109_000)
    expect(again(liveness.check(109_000, 109_000, 0, expiresAt))).toBe(1_000)
    expect(liveness.check(110_000, 110_000, 0, expiresAt)).toMatchObject({ close: "TOKEN_EXPIRED" })
  })

  it("[F44] counts malformed messages in a window", () => {
    const liveness = createLiveness(options, 0)
    const strikes = Array.from({ length: DEFAULT_LIMITS.badRequests + 1 }, (_, index) => liveness.badRequest(index))
    expect(strikes.indexOf(true)).toBe(DEFAULT_LIMITS.badRequests)
    expect(liveness.badRequest(200_000)).toBe(false)
  })
})
