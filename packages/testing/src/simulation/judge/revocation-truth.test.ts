import type { RevocationTarget } from "@magpie/journal"
import { expect, test } from "vitest"
import { tokenOf } from "../simulated-token.ts"
import { createRevocationTruth } from "./revocation-truth.ts"

const FAR_MS = 1_000_000
const LIFE = "c1.1"

/** A life that came in with a token, on a link; and a wall clock that shows what the monotonic one does. */
function watched({ issuedAt }: { readonly issuedAt?: number } = {}) {
  let now = 100
  const truth = createRevocationTruth({ monotonic: () => now, furthestClock: () => now, reached: () => {} })
  const token = tokenOf({ user: "c1", expiresAt: FAR_MS, token: LIFE, org: "north", ...(issuedAt !== undefined && { issuedAt }) })
  truth.issued(LIFE, token)
  const link = truth.accepted("node-0")
  link.heard(JSON.stringify({ type: "hello", version: 1, token }))
  const write = (type: string) => () => link.wrote(() => JSON.stringify({ type, channel: "chat/a" }))
  const revoke = (forMs = 1_000) => truth.asked({ user: "c1" }, now, forMs)
  const later = (ms: number) => {
    now += ms
  }
  return { truth, link, write, revoke, later, now: () => now }
}

test("sees what a link of somebody is given after he was revoked, and not before the revocation was answered", () => {
  const { write, revoke, later } = watched()
  expect(write("message")).not.toThrow()
  const settled = revoke()
  later(500)
  expect(write("message")).not.toThrow()
  settled()
  expect(write("message")).not.toThrow()
  later(1)
  expect(write("message")).toThrow(/^I10/)
  expect(write("welcome")).toThrow(/^I10/)
  expect(write("unsubscribed")).not.toThrow()
})

test("is content once the revocation has ended by the furthest clock, and where an old copy may have forgotten it", () => {
  const ended = watched()
  ended.revoke(300)()
  ended.later(299)
  expect(ended.write("message")).toThrow(/^I10/)
  ended.later(1)
  expect(ended.write("message")).not.toThrow()
  const restored = watched()
  restored.revoke()()
  restored.later(1)
  restored.truth.forgotten()
  expect(restored.write("message")).not.toThrow()
})

test("knows what was issued later, and a link that was given such a token", () => {
  const { truth, link, write, revoke, later, now } = watched({ issuedAt: 50 })
  revoke()()
  later(1)
  expect(write("message")).toThrow(/^I10/)
  const fresh = tokenOf({ user: "c1", expiresAt: FAR_MS, issuedAt: now() })
  truth.issued("c1.2", fresh)
  expect(truth.explains("c1.2")).toBe(false)
  expect([truth.isOut(LIFE), truth.isOut("c1.2")]).toEqual([true, false])
  expect(truth.explains(LIFE)).toBe(true)
  link.heard(`{"type":"ping"}\n${JSON.stringify({ type: "token", id: 1, token: fresh })}`)
  expect(write("message")).not.toThrow()
})

test("sees what was taken from somebody who said it after he was revoked", () => {
  const { truth, revoke, later, now } = watched()
  const before = now()
  revoke()()
  later(10)
  expect(() => truth.taken(LIFE, before, "c1.1#1")).not.toThrow()
  expect(() => truth.taken(LIFE, now(), "c1.1#2")).toThrow(/^I10/)
  expect(() => truth.taken("backend-1", now(), "backend-1#1")).not.toThrow()
})

test("matches a user, the name of a token, and a claim", () => {
  const targets: readonly RevocationTarget[] = [{ user: "c1" }, { token: LIFE }, { claim: { org: "north" } }]
  const others: readonly RevocationTarget[] = [{ user: "c2" }, { token: "c1.2" }, { claim: { org: "south" } }, { claim: { north: "org" } }]
  for (const target of [...targets, ...others]) {
    const { truth, now } = watched()
    truth.asked(target, now(), 1_000)
    expect(truth.explains(LIFE)).toBe(targets.includes(target))
  }
})
