import type { MagpieError } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createMessageRates, type MessageRate } from "./message-rates.ts"

const ann = { userId: "ann", address: "192.0.2.1" }
const MESSAGES = ["say", "draw"]

function setUp(rates: Record<string, MessageRate | undefined> = { say: 5 }, tracked = 100) {
  const clock = fakeClock()
  const meters = createMessageRates(clock, tracked)
  meters.set("chat/:room", MESSAGES, rates)
  const waitOf = (sender: typeof ann | { userId: undefined; address: string } = ann, message = "say", pattern = "chat/:room"): number => {
    try {
      meters.take(pattern, message, sender)
      return 0
    } catch (failure) {
      expect(failure).toMatchObject({ code: "RATE_LIMITED", details: { limit: "rate", name: message } })
      const { retryAfterMs = 0 } = failure as MagpieError
      expect(retryAfterMs).toBeGreaterThan(0)
      return retryAfterMs
    }
  }
  return { clock, meters, waitOf }
}

describe("the rates of messages", () => {
  it("[F49] let a burst of twice as many through and then say exactly how long to wait", async () => {
    const { clock, waitOf } = setUp()
    expect(Array.from({ length: 12 }, () => waitOf())).toEqual([...Array(10).fill(0), 200, 200])
    await clock.advance(150)
    expect(waitOf()).toBe(50)
    await clock.advance(50)
    expect([waitOf(), waitOf()]).toEqual([0, 200])
  })

  it("[F49] may have a burst of their own, and be slower than one a second", async () => {
    const { clock, waitOf } = setUp({ say: { perSecond: 2, burst: 1 }, draw: 0.1 })
    expect([waitOf(), waitOf()]).toEqual([0, 500])
    expect([waitOf(ann, "draw"), waitOf(ann, "draw")]).toEqual([0, 10_000])
    await clock.advance(9_999)
    expect(waitOf(ann, "draw")).toBe(1)
  })

  it("[F49] count each user, each message and each pattern for itself", () => {
    const { meters, waitOf } = setUp({ say: { perSecond: 1, burst: 1 }, draw: { perSecond: 1, burst: 1 } })
    meters.set("desk/:room", MESSAGES, { say: { perSecond: 1, burst: 1 } })
    const senders = [ann, { userId: "bob", address: "192.0.2.1" }, { userId: undefined, address: "192.0.2.1" }]
    for (const sender of senders) {
      expect([waitOf(sender), waitOf(sender)]).toEqual([0, 1_000])
      expect([waitOf(sender, "draw"), waitOf(sender, "draw")]).toEqual([0, 1_000])
      expect([waitOf(sender, "say", "desk/:room"), waitOf(sender, "say", "desk/:room")]).toEqual([0, 1_000])
    }
    expect(waitOf({ userId: "ann", address: "198.51.100.1" })).toBe(1_000)
    expect(waitOf({ userId: undefined, address: "192.0.2.2" })).toBe(0)
    expect(waitOf({ userId: "192.0.2.1", address: "192.0.2.9" })).toBe(0)
  })

  it("[F49] know an anonymous one by the network of its IPv6 address", () => {
    const { waitOf } = setUp({ say: { perSecond: 1, burst: 1 } })
    expect(waitOf({ userId: undefined, address: "2001:db8::1" })).toBe(0)
    expect(waitOf({ userId: undefined, address: "2001:db8::2" })).toBe(1_000)
  })

  it("leave messages without a rate alone, and those of other patterns", () => {
    const { waitOf } = setUp({ say: 5, draw: undefined })
    for (let time = 0; time < 50; time++) expect([waitOf(ann, "draw"), waitOf(ann, "say", "elsewhere")]).toEqual([0, 0])
  })

  it("are those that were set last", () => {
    const { meters, waitOf } = setUp({ say: { perSecond: 1, burst: 1 } })
    meters.set("chat/:room", MESSAGES, {})
    for (let time = 0; time < 5; time++) expect(waitOf()).toBe(0)
  })

  it("[F49] remember a bounded number of senders (trackedRates) and forget the longest silent first", () => {
    const { waitOf } = setUp({ say: { perSecond: 1, burst: 1 } }, 3)
    const sender = (index: number) => ({ userId: `u${index}`, address: "192.0.2.1" })
    for (let index = 0; index < 4; index++) expect(waitOf(sender(index))).toBe(0)
    expect([waitOf(sender(3)), waitOf(sender(2)), waitOf(sender(0))]).toEqual([1_000, 1_000, 0])
  })

  it.each<[Record<string, unknown>, string]>([
    [{ shout: 5 }, "rate.shout is no message; there are say, draw"],
    [{ toString: 5 }, "rate.toString is no message"],
    [{ say: 0 }, "rate.say must be"],
    [{ say: -1 }, "rate.say must be"],
    [{ say: Number.NaN }, "rate.say must be"],
    [{ say: Number.POSITIVE_INFINITY }, "rate.say must be"],
    [{ say: "5" }, "rate.say must be"],
    [{ say: { perSecond: 5 } }, "rate.say must be"],
    [{ say: { perSecond: 5, burst: 0 } }, "rate.say must be"],
  ])("are refused where they are %j", (rates, why) => {
    const { meters } = setUp()
    expect(() => meters.set("chat/:room", MESSAGES, rates as Record<string, MessageRate>)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(why), details: { option: "rate" } }),
    )
  })
})
