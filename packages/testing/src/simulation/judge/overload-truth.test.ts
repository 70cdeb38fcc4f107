import { expect, test } from "vitest"
import { createOverloadTruth } from "./overload-truth.ts"

const ORDER = [
  ["presence", 100],
  ["broadcasts", 200],
] as const

/** A server with a link that follows the broadcast, and which has passed on as many messages. */
function watched(passedOn = 6) {
  let lag = 0
  const reached: string[] = []
  const truth = createOverloadTruth({ lagMs: () => lag, order: ORDER, reached: (what) => void reached.push(what) })
  for (let number = 1; number <= passedOn; number++) truth.passedOn("node-0", `c0.1#${number}`)
  const wrote = truth.accepted("node-0")
  const write = (...lines: readonly object[]) => wrote(() => lines.map((line) => JSON.stringify({ ...line, channel: "beat/a" })).join("\n"))
  const message = (number: number) => ({ type: "message", data: { id: `c0.1#${number}` } })
  const gap = (skipped: number) => ({ type: "gap", reason: "slow", skipped })
  const lags = (ms: number) => {
    lag = ms
  }
  return { truth, write, message, gap, lags, reached }
}

test("is content where what was skipped is named in its place, also in parts", () => {
  const { write, message, gap, reached } = watched()
  write(message(1), message(2))
  write(gap(1), gap(1), message(5))
  write(message(6))
  expect(reached).toEqual(["broadcasts-skipped", "broadcasts-skipped"])
})

test("sees a broadcast that was skipped in silence, counted wrongly, given twice or out of order", () => {
  const { message, gap } = watched()
  for (const lines of [
    [message(1), message(3)],
    [message(1), gap(2), message(3)],
    [message(1), message(1)],
    [message(2), message(1)],
  ])
    expect(() => watched().write(...lines)).toThrow(/^I18/)
})

test("begins anew with each subscription", () => {
  const { write, message } = watched()
  write(message(1), { type: "unsubscribed" })
  write({ type: "subscribed" }, message(5), message(6))
})

test("sees what is shed out of its order, or from too small a lag", () => {
  const { truth, lags, reached } = watched()
  lags(150)
  truth.sheds("node-0", ["presence"])
  expect(() => truth.sheds("node-0", ["presence", "broadcasts"])).toThrow(/^I18.*150 ms/)
  lags(200)
  truth.sheds("node-0", ["presence", "broadcasts"])
  lags(0)
  truth.sheds("node-0", ["presence"])
  truth.sheds("node-0", [])
  expect(reached).toEqual(["shed-presence", "shed-broadcasts", "shed-presence", "shed-nothing-more"])
  lags(500)
  expect(() => truth.sheds("node-0", ["broadcasts"])).toThrow(/^I18/)
})
