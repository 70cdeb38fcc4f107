import { describe, expect, test } from "vitest"
import { isRevokedBy, type Proof, type RevocationTarget, subjectOf, subjectsOf, userOfRevocation } from "./revocation.ts"

const revocation = (target: RevocationTarget, issuedUntil = 100) => ({ subject: subjectOf(target), issuedUntil, until: 1_000 })
const ann: Proof = {
  user: "ann",
  token: "t-1",
  claims: { org: "acme", level: 7, admin: true, roles: ["a", "b", 3], nested: { org: "x" }, none: null },
}

describe("a revocation", () => {
  test.each<RevocationTarget>([
    { user: "ann" },
    { token: "t-1" },
    { claim: { org: "acme" } },
    { claim: { level: 7 } },
    { claim: { admin: true } },
    { claim: { roles: "b" } },
    { claim: { roles: 3 } },
  ])("[G10] takes out what carries %j", (target) => {
    expect(isRevokedBy(revocation(target), ann)).toBe(true)
  })

  test.each<RevocationTarget>([
    { user: "anna" },
    { user: "t-1" },
    { token: "ann" },
    { token: "t-11" },
    { claim: { org: "acm" } },
    { claim: { organisation: "acme" } },
    { claim: { level: "7" } },
    { claim: { admin: "true" } },
    { claim: { roles: "a,b" } },
    { claim: { roles: "3" } },
    { claim: { nested: "x" } },
    { claim: { user: "ann" } },
    { claim: { none: "null" } },
  ])("leaves what does not carry exactly %j", (target) => {
    expect(isRevokedBy(revocation(target), ann)).toBe(false)
  })

  test("[F35] takes out what was issued up to its moment, and what does not say when", () => {
    const it = revocation({ user: "ann" })
    expect(isRevokedBy(it, { ...ann, issuedAt: 100 })).toBe(true)
    expect(isRevokedBy(it, { ...ann, issuedAt: 101 })).toBe(false)
    expect(isRevokedBy(it, ann)).toBe(true)
    expect(isRevokedBy(it, {})).toBe(false)
  })

  test("tells the user of one, and only of one", () => {
    expect(userOfRevocation(revocation({ user: "ann" }))).toBe("ann")
    expect(userOfRevocation(revocation({ token: "ann" }))).toBeUndefined()
    expect(userOfRevocation(revocation({ claim: { org: "ann" } }))).toBeUndefined()
  })

  test("never takes one claim for another, whatever its name and value hold", () => {
    const tricky: RevocationTarget[] = [
      { claim: { a: 'b","c' } },
      { claim: { 'a","b': "c" } },
      { claim: { a: "b" } },
      { claim: { "a\u0001": "b" } },
      { claim: { a: "\u0001b" } },
    ]
    expect(new Set(tricky.map(subjectOf)).size).toBe(tricky.length)
    for (const target of tricky) expect(subjectOf(target).slice(1)).not.toContain("\u0001")
  })

  test.each([
    {},
    { user: 7 },
    { user: "" },
    { token: "" },
    { user: "a\u0001b" },
    { token: "\ud800" },
    { user: "x".repeat(1_025) },
    { claim: {} },
    { claim: { org: "acme", team: "red" } },
    { claim: { org: null } },
    { claim: { org: ["acme"] } },
    { claim: { org: Number.NaN } },
    { claim: { org: "x".repeat(1_013) } },
    { claim: "org" },
    { claim: null },
  ])("[F44] refuses %j", (target) => {
    expect(() => subjectOf(target as never)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }))
  })

  test("takes names as long as a row's key holds", () => {
    expect(subjectOf({ user: "x".repeat(1_024) })).toHaveLength(1_024)
    expect(subjectOf({ claim: { org: "x".repeat(1_012) } })).toHaveLength(1_024)
  })
})

test("what somebody came in with is known by its user and token alone, unless claims are asked for", () => {
  expect(subjectsOf(ann, false)).toEqual(["ann", "\u0001tt-1"])
  expect(subjectsOf(ann, true)).toHaveLength(2 + 3 + 3)
  expect(subjectsOf({}, true)).toEqual([])
  expect(subjectsOf({ claims: { long: "x".repeat(2_000) } }, true)).toEqual([])
})
