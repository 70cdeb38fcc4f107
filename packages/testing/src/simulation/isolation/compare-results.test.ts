import { expect, test } from "vitest"
import type { PublishRecord } from "../judge/publishes.ts"
import { type Fault, type Plan, planOf } from "../plan.ts"
import { compareResults } from "./compare-results.ts"
import type { HonestResults } from "./honest-results.ts"

const STORED = { result: "stored", position: { epoch: "e1", offset: 1 }, level: "disk" } as const
const REFUSED = { result: "refused", code: "FORBIDDEN", epoch: "e1" } as const
const UNKNOWN = { result: "unknown", code: "CLOSED" } as const

const plan = (...faults: readonly Partial<Fault>[]): Plan => ({
  ...planOf(1),
  setup: { ...planOf(1).setup, nodes: 1 },
  faults: faults.map((fault) => ({ at: 0, kind: "reset", target: 0, forMs: 0, amount: 0, ...fault })),
})
const FAULTY = plan({})

/** A run in which each message of the first client ended so, after so many milliseconds. */
function run(outcomes: readonly PublishRecord["outcome"][], { waitMs = 10, follows = ["c0 chat/a"], lost = "" } = {}): HonestResults {
  const records = outcomes.map((outcome, index) => {
    const id = `c0.1#${index + 1}`
    return { id, channel: "chat/a", publisher: "c0.1", user: "c0", calledAt: 5, answeredAt: 5 + waitMs, outcome }
  })
  const stored = records.filter(({ id, outcome }) => outcome.result === "stored" && id !== lost)
  return {
    publishes: new Map(records.map((record) => [record.id, record])),
    followed: new Set(follows),
    stored: new Map([["chat/a", new Set(stored.map(({ id }) => id))]]),
  }
}

test("is content with equal results, and with messages of which one of the runs says nothing", () => {
  compareResults(FAULTY, run([STORED, REFUSED, UNKNOWN, STORED]), run([STORED, REFUSED, STORED, UNKNOWN]))
})

test("sees a message that only the hostile client's presence has refused", () => {
  expect(() => compareResults(FAULTY, run([REFUSED]), run([STORED]))).toThrow(/^I19.*c0\.1#1 was refused, and without it it was stored/)
})

test("does not ask when a right was lost", () => {
  const taken = { kind: "rights-taken", target: 0 } as const
  compareResults(plan({ ...taken, amount: 0.1 }), run([REFUSED]), run([STORED]))
  expect(() => compareResults(plan({ ...taken, amount: 0.5 }), run([REFUSED]), run([STORED]))).toThrow(/^I19/)
  expect(() => compareResults(plan({ ...taken, target: 1, amount: 0.1 }), run([REFUSED]), run([STORED]))).toThrow(/^I19/)
})

test("sees a message that was never published, or only then", () => {
  expect(() => compareResults(FAULTY, run([STORED]), run([STORED, STORED]))).toThrow(/^I19.*c0\.1#2 was never published/)
  expect(() => compareResults(FAULTY, run([STORED, STORED]), run([STORED]))).toThrow(/^I19.*c0\.1#2 was published/)
})

test("sees an acknowledged message missing in one of the logs, unless the plan has the log forget", () => {
  const lost = run([STORED, STORED], { lost: "c0.1#2" })
  expect(() => compareResults(FAULTY, lost, run([STORED, STORED]))).toThrow(/^I19.*lacks c0\.1#2/)
  compareResults(plan({ kind: "old-backup" }), lost, run([STORED, STORED]))
  compareResults(plan({ kind: "broker-rollback" }), lost, run([STORED, STORED]))
})

test("sees a client that follows something else in the end", () => {
  expect(() => compareResults(FAULTY, run([], { follows: [] }), run([]))).toThrow(/^I19.*follow/)
})

test("sees acknowledgements that take more than twice as long where nothing goes wrong, if there are enough of them", () => {
  const many = new Array<PublishRecord["outcome"]>(50).fill(STORED)
  compareResults(plan(), run(many, { waitMs: 20 }), run(many))
  expect(() => compareResults(plan(), run(many, { waitMs: 21 }), run(many))).toThrow(/^I19.*21\.0 ms on average, and without it 10\.0 ms/)
  compareResults(plan(), run(many.slice(1), { waitMs: 21 }), run(many.slice(1)))
  compareResults(FAULTY, run(many, { waitMs: 21 }), run(many))
})
