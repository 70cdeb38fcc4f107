import { expect, test } from "vitest"
import { createPresenceTruth } from "./presence-truth.ts"
import type { Violation } from "./violation.ts"

const LEASE_MS = 10_000
const GHOST_MS = 30_000
const shown = (who: string, change = 1) => ({ who, change })

function judged() {
  let now = 0
  const broken: string[] = []
  const held = new Set<string>()
  const truth = createPresenceTruth({
    monotonic: () => now,
    leaseMs: LEASE_MS,
    ghostMs: GHOST_MS,
    broken: (violation: Violation) => broken.push(violation.invariant),
    reached: () => {},
  })
  truth.wished("c1.1", 1)
  truth.taken("c1.1", "link")
  held.add("link")
  return {
    truth,
    broken,
    held,
    pass(ms: number) {
      now += ms
      truth.look((connection) => held.has(connection))
    },
  }
}

test("sees a session leave whose link a server held a moment ago", () => {
  const { truth, broken, held, pass } = judged()
  pass(60_000)
  truth.leftFor("c2.1", shown("c1.1"))
  expect(broken).toEqual(["I20"])
  held.clear()
  pass(LEASE_MS)
  truth.leftFor("c2.1", shown("c1.1"))
  expect(broken).toHaveLength(1)
})

test("allows a leave that was wished, that follows the end of a page, and any while nodes do not hear each other", () => {
  const { truth, broken, pass } = judged()
  truth.disturbed(5_000)
  pass(14_000)
  truth.leftFor("c2.1", shown("c1.1"))
  pass(2_000)
  truth.wished("c1.1", undefined)
  truth.leftFor("c2.1", shown("c1.1"))
  truth.wished("c1.1", 2)
  truth.taken("c1.1", "link")
  truth.leftFor("c3.1", shown("c1.1"))
  truth.ended("c1.1")
  truth.leftFor("c2.1", shown("c1.1"))
  expect(broken).toEqual([])
})

test("sees a ghost after its time, and a member that is said to be somebody else's", () => {
  const { truth, broken, pass } = judged()
  truth.seen("c2.1", "c1", shown("c1.1"))
  truth.ended("c1.1")
  pass(GHOST_MS)
  truth.seen("c2.1", "c1", shown("c1.1"))
  expect(broken).toEqual([])
  pass(1)
  truth.seen("c2.1", "c1", shown("c1.1"))
  truth.seen("c2.1", "mallory", shown("c1.2"))
  truth.seen("c2.1", undefined, shown("c1.2"))
  expect(broken).toEqual(["I20", "I3", "I3"])
})

test("knows who is to be seen in the end", () => {
  const { truth } = judged()
  truth.wished("c2.1", 4)
  truth.wished("c3.1", 1)
  truth.wished("c3.1", undefined)
  truth.wished("c4.1", 1)
  truth.ended("c4.1")
  expect(truth.expected()).toEqual(["c1.1 1", "c2.1 4"])
})

test("allows a leave that is told late, when the session came back behind the end of its lease", () => {
  const { truth, broken, held, pass } = judged()
  held.clear()
  pass(LEASE_MS)
  truth.taken("c1.1", "another link")
  truth.leftFor("c1.1", shown("c1.1"))
  expect(broken).toEqual([])
  held.add("another link")
  for (let ms = 0; ms < GHOST_MS; ms += 1_000) pass(1_000)
  truth.leftFor("c2.1", shown("c1.1"))
  expect(broken).toEqual(["I20"])
})

test("allows a leave that is told to who was frozen when its link was taken and cut, and learns of all that later", () => {
  const { truth, broken, held, pass } = judged()
  held.clear()
  truth.taken("c1.1", "a link that is cut")
  pass(100)
  truth.leftFor("c1.1", shown("c1.1"))
  expect(broken).toEqual([])
})

test("allows a leave that a server tells which runs only since the member came back on another link, for a while", () => {
  const { truth, broken, held, pass } = judged()
  pass(60_000)
  truth.taken("c1.1", "other")
  held.add("other")
  pass(2_000)
  truth.leftFor("c2.1", shown("c1.1"), 61_000)
  expect(broken).toEqual([])
  truth.leftFor("c2.1", shown("c1.1"), 59_000)
  expect(broken).toEqual(["I20"])
  pass(LEASE_MS + GHOST_MS)
  truth.leftFor("c2.1", shown("c1.1"), 61_000)
  expect(broken).toEqual(["I20", "I20"])
})
