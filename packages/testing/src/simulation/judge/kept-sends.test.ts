import { expect, test } from "vitest"
import { createKeptSends } from "./kept-sends.ts"
import { createLogTruth } from "./log-truth.ts"
import { createPublishes } from "./publishes.ts"

const ID = "c1.1#1"
const at = (offset: number) => ({ epoch: "e1", offset })
const receipt = (offset: number) => ({ position: at(offset), level: "disk" as const, duplicate: false })

/** A page that has sent one message and is gone; `kept` says whether that was on its disk. */
function left(kept: boolean) {
  const truth = createLogTruth()
  const publishes = createPublishes({ truth, monotonic: () => 0, epochOf: () => "e1", lost: () => false, level: "disk" })
  const record = publishes.call({ id: ID, channel: "chat/a", publisher: "c1.1", user: "c1", calledAt: 0 })
  const reached: string[] = []
  const sends = createKeptSends({
    publishes,
    truth,
    acknowledged: (its, position, level) => publishes.stored(its, position, level),
    reached: (what) => void reached.push(what),
  })
  sends.left(new Map(kept ? [[ID, false]] : []))
  publishes.abandoned("c1.1")
  const told = (more: object) =>
    sends.told({ data: { id: ID }, restored: true, state: "sent", receipt: undefined, error: undefined, ...more })
  return { publishes, record, reached, sends, told }
}

test("waits for the outcome of what is kept, and of nothing else, when a page is gone", () => {
  expect(left(true).publishes.pending).toBe(1)
  expect(left(false).publishes.pending).toBe(0)
})

test("takes the word of a later page for the outcome, and fails where that is another place than the log's", () => {
  const { publishes, record, reached, told } = left(true)
  told({})
  expect(publishes.pending).toBe(1)
  told({ state: "confirmed", receipt: receipt(4) })
  expect([publishes.pending, record.outcome.result]).toEqual([0, "stored"])
  expect(reached).toEqual(["kept-before-it-left", "kept-then-confirmed"])
  // It is told once more, because the page went before its row had.
  told({ state: "confirmed", receipt: receipt(4) })
  expect(() => told({ state: "confirmed", receipt: receipt(5) })).toThrow(/^I2/)
})

test("sees one that ends without a word on whether it is stored, and one that nobody sent", () => {
  const error = { code: "EXPIRED" }
  expect(() => left(true).told({ state: "expired", error })).toThrow(/^I11/)
  expect(() => left(true).told({ data: { id: "c9.9#9" } })).toThrow(/^I3/)
  expect(() => left(true).sends.left(new Map([["c9.9#9", true]]))).toThrow(/^I3/)
})
