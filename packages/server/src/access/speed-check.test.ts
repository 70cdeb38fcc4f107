import { DEFAULT_LIMITS, type Limits } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createMeter } from "../flow/rate.ts"
import type { Identity } from "./identity.ts"
import { createSpeedCheck, type Sender } from "./speed-check.ts"

const LIMITS = { messagesPerSecond: 100, messagesPerUserPerSecond: 100, messagesPerAddressPerSecond: 100 }

function setUp(limits: Partial<Limits> = {}) {
  const clock = fakeClock()
  const tooFast = createSpeedCheck({ clock, limits: { ...DEFAULT_LIMITS, ...LIMITS, ...limits } })
  const sender = (identity: Identity | undefined, address = "192.0.2.1"): Sender & { identity: Identity | undefined } => ({
    meter: createMeter(),
    identity,
    request: { address },
    open: undefined,
    sharedRates: undefined,
  })
  /** How many of so many messages pass. */
  const passing = (count: number, ...senders: Sender[]): number => {
    let passed = 0
    for (let index = 0; index < count; index++) if (senders.every((one) => tooFast(one, 1) === 0)) passed += 1
    return passed
  }
  return { clock, tooFast, sender, passing }
}

const user = (id: string, more: Partial<Identity> = {}): Identity => ({ user: { id }, ...more })

describe("the rates of messages from a connection", () => {
  it("[F49] hold from one visit of a session to the next, and for no other session", () => {
    const { sender, passing } = setUp({ messagesPerSecond: 5 })
    const visit = (session: string): Sender => ({ ...sender(undefined), open: { session }, request: { address: "192.0.2.1", visit: true } })
    expect([passing(100, visit("one")), passing(100, visit("one")), passing(100, visit("two"))]).toEqual([10, 0, 10])
  })

  it("[F49] let a burst of twice as many through, and then say how long to wait", async () => {
    const { clock, tooFast, sender, passing } = setUp({ messagesPerSecond: 5 })
    const one = sender(user("ann"))
    expect(passing(20, one)).toBe(10)
    expect(tooFast(one, 1)).toBe(200)
    await clock.advance(200)
    expect([tooFast(one, 1), tooFast(one, 1)]).toEqual([0, 200])
  })

  it("[F49] count a costly message as several", () => {
    const { tooFast, sender } = setUp({ messagesPerSecond: 5 })
    const one = sender(user("ann"))
    expect(tooFast(one, 9)).toBe(0)
    expect(tooFast(one, 2)).toBe(200)
  })

  it("[F49] are shared by a user's connections, by an address's, and by nobody else's", () => {
    const perUser = setUp({ messagesPerUserPerSecond: 5 })
    expect(perUser.passing(20, perUser.sender(user("ann")), perUser.sender(user("ann"), "192.0.2.2"))).toBe(5)
    expect(perUser.passing(20, perUser.sender(user("bob")))).toBe(10)
    expect(perUser.passing(20, perUser.sender({ user: undefined }))).toBe(20)
    const perAddress = setUp({ messagesPerAddressPerSecond: 5 })
    expect(
      perAddress.passing(20, perAddress.sender(user("ann"), "2001:db8::1"), perAddress.sender({ user: undefined }, "2001:db8::2")),
    ).toBe(5)
    expect(perAddress.passing(20, perAddress.sender(user("ann"), "2001:db8:1::1"))).toBe(10)
  })

  it("[F49] of a proof with a rate of its own are shared by all who came in with it", () => {
    const { passing, sender } = setUp()
    const slow = user("billing", { token: "key-1", limits: { messagesPerSecond: 2 } })
    expect(passing(20, sender(slow), sender(slow, "192.0.2.2"))).toBe(2)
    expect(passing(20, sender(user("billing", { token: "key-2", limits: { messagesPerSecond: 2 } })))).toBe(4)
    expect(passing(20, sender(user("billing", { token: "key-1", limits: { connections: 1 } })))).toBe(20)
    expect(passing(20, sender(user("billing", { token: "key-1" })))).toBe(20)
  })

  it("[F49] of a proof without a name are nobody's to share", () => {
    const { passing, sender } = setUp()
    const nameless = user("billing", { limits: { messagesPerSecond: 2 } })
    expect(passing(20, sender(nameless), sender(nameless))).toBe(20)
  })

  it("[F49] hold before anybody has proven anything, too", () => {
    const { passing, sender } = setUp({ messagesPerAddressPerSecond: 5 })
    expect(passing(20, sender(undefined), sender(undefined))).toBe(5)
  })

  it("[F34] are those of the new identity once there is one", () => {
    const { passing, sender } = setUp()
    const one = sender(user("billing", { token: "key-1", limits: { messagesPerSecond: 2 } }))
    expect(passing(20, one)).toBe(4)
    one.identity = user("billing")
    expect(passing(20, one)).toBe(20)
  })
})
