import type { Control, ControlChange } from "@magpie/journal"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import type { Registry } from "../session/registry.ts"
import type { Identity } from "./identity.ts"
import { createRevocations } from "./revocations.ts"

/** What the log says of a user, who is the only subject here. */
const revoked = (subject: string, issuedUntil = 100): ControlChange => ({ type: "revoked", subject, issuedUntil, until: 1_000 })
const TOKEN = "\u0001tt-1"
const CLAIM = '\u0001c["org","acme"]'

interface Link {
  readonly id: string
  readonly identity: Identity | undefined
  readonly userId: string | undefined
  readonly subscriptions: Map<string, { readonly channel: string }>
  readonly told: string[]
}

function setUp(...identities: (Identity | undefined)[]) {
  const listeners = new Set<(change: ControlChange) => void>()
  const asked: unknown[] = []
  const control = {
    fresh: true,
    revoked: false,
    isRevoked(proof: unknown) {
      asked.push(proof)
      return control.revoked
    },
    onChange(listener: (change: ControlChange) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const users = new Map(identities.map((identity) => [identity?.user?.id ?? "", identity]))
  users.delete("")
  const links = identities.map((identity, index): Link => {
    const told: string[] = []
    return {
      id: String(index),
      identity,
      userId: identity?.user?.id,
      subscriptions: new Map(["chat/a", "chat/b"].map((channel) => [channel, { channel }])),
      told,
      ...{
        close(name: string) {
          users.delete(links[index]?.userId ?? "")
          told.push(name)
        },
        drop(subscription: { channel: string }, error: { code: string }) {
          links[index]?.subscriptions.delete(subscription.channel)
          told.push(`${error.code} ${subscription.channel}`)
        },
      },
    }
  })
  const registry = { users, all: () => links, ofUser: (user: string) => links.filter(({ userId }) => userId === user) }
  // All of them that revocations look at.
  const clock = fakeClock()
  const revocations = createRevocations({
    control: control as unknown as Control,
    registry: registry as unknown as Registry,
    wheel: createTimingWheel(clock),
  })
  return {
    clock,
    control,
    asked,
    links,
    revocations,
    listeners,
    tell(change: ControlChange) {
      for (const listener of listeners) listener(change)
    },
  }
}

const ann: Identity = { user: { id: "ann" } }

describe("somebody without a name whose proof has one", () => {
  it.each([{ token: "t-1" }, { claims: { org: "acme" } }])("[F35] is not let in again by %o that was revoked", (proof) => {
    const { control, revocations } = setUp(ann)
    control.revoked = true
    const identity: Identity = { user: undefined, ...proof }
    expect(() => revocations.admit(identity)).toThrow(expect.objectContaining({ code: "UNAUTHORIZED" }))
    control.fresh = false
    expect(() => revocations.admit(identity)).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }))
  })

  it("[G10] is given nothing where nobody knows whether it was revoked", () => {
    const { control, links, tell } = setUp({ user: undefined, token: "t-1" }, { user: undefined })
    control.fresh = false
    tell({ type: "stale" })
    expect(links.map(({ told }) => told)).toEqual([["UNAVAILABLE chat/a", "UNAVAILABLE chat/b"], []])
  })
})
const told = (links: readonly Link[]): readonly (readonly string[])[] => links.map((link) => link.told)

describe("a revocation that this node hears of", () => {
  it("[F35] closes all connections of the user, and nobody else's", () => {
    const { links, tell } = setUp(ann, { user: { id: "bob" } }, ann, { user: undefined }, undefined)
    tell(revoked("ann"))
    expect(told(links)).toEqual([["REVOKED"], [], ["REVOKED"], [], []])
  })

  it("[F35] closes what came in with the token, or with the claim", () => {
    const mine: Identity = { ...ann, token: "t-1", claims: { org: "other" } }
    const { links, tell } = setUp(mine, { ...mine, token: "t-2" }, { user: { id: "t-1" }, claims: { org: ["acme"] } }, undefined)
    tell(revoked(TOKEN))
    expect(told(links)).toEqual([["REVOKED"], [], [], []])
    tell(revoked(CLAIM))
    expect(told(links)).toEqual([["REVOKED"], [], ["REVOKED"], []])
  })

  it("[F35] leaves who came in with what was issued later", () => {
    const { links, tell } = setUp({ ...ann, issuedAt: 100 }, { ...ann, issuedAt: 101 })
    tell(revoked("ann", 100))
    expect(told(links)).toEqual([["REVOKED"], []])
  })

  it("[G12] is not heard any more once it is closed", () => {
    const { links, listeners, revocations, tell } = setUp(ann)
    revocations.close()
    tell(revoked("ann"))
    expect([listeners.size, told(links)]).toEqual([0, [[]]])
  })

  it("is not another change", () => {
    const { links, tell } = setUp(ann)
    tell({ type: "nodes" })
    expect(told(links)).toEqual([[]])
  })
})

describe("somebody who comes in", () => {
  it("[G10] is asked about with all that they came in with", () => {
    const { asked, revocations } = setUp()
    const identity: Identity = { ...ann, token: "t-1", claims: { org: "acme" }, issuedAt: 7 }
    revocations.admit(identity)
    expect(asked).toEqual([{ user: "ann", token: "t-1", claims: { org: "acme" }, issuedAt: 7 }])
  })

  it("[F35] is refused after a revocation, and where this node may not have heard of one", () => {
    const { control, revocations } = setUp()
    control.revoked = true
    expect(() => revocations.admit(ann)).toThrow(expect.objectContaining({ code: "UNAUTHORIZED" }))
    control.fresh = false
    expect(() => revocations.admit(ann)).toThrow(expect.objectContaining({ code: "UNAVAILABLE", retryAfterMs: 500 }))
    expect(() => revocations.requireFresh()).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }))
    control.fresh = true
    expect(() => revocations.requireFresh()).not.toThrow()
  })

  it("is let in without a name, since nothing of that can be revoked", () => {
    const { asked, control, revocations } = setUp()
    control.fresh = false
    expect(() => revocations.admit({ user: undefined })).not.toThrow()
    expect(asked).toEqual([])
  })
})

describe("a node that may not have heard of the newest revocations", () => {
  it("[G10] ends what named users follow, once it says so and before it delivers anything", () => {
    const { control, links, revocations, tell } = setUp(ann, { user: undefined }, undefined)
    revocations.guard()
    expect(told(links)).toEqual([[], [], []])
    control.fresh = false
    revocations.guard()
    const ended = ["UNAVAILABLE chat/a", "UNAVAILABLE chat/b"]
    expect(told(links)).toEqual([ended, [], []])
    const other = setUp(ann)
    other.tell({ type: "stale" })
    expect(told(other.links)).toEqual([ended])
    tell({ type: "stale" })
    expect(told(links)).toEqual([ended, [], []])
  })

  it("[F35] sends away whoever was revoked meanwhile once it has heard of everything, asked or not", async () => {
    for (const isAsked of [true, false]) {
      const { clock, control, links, revocations, tell } = setUp(ann, { user: undefined })
      revocations.admit(ann)
      control.fresh = false
      tell({ type: "stale" })
      control.revoked = true
      await clock.advance(1_000)
      expect(links[0]?.told).not.toContain("REVOKED")
      control.fresh = true
      if (isAsked) revocations.requireFresh()
      else await clock.advance(1_000)
      expect([links[0]?.told.at(-1), links[1]?.told]).toEqual(["REVOKED", []])
      await clock.advance(1_000)
      expect(clock.pendingTimers).toBe(0)
    }
  })
})
