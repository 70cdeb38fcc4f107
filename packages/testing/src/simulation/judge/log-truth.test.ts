import { expect, test } from "vitest"
import { createLogTruth } from "./log-truth.ts"

const at = (offset: number, epoch = "e1", mark?: string) => ({ epoch, offset, mark })

test("sees another message at a place, and a message at two", () => {
  const truth = createLogTruth()
  truth.saw("c1", "chat/a", at(1), "c1.1#1")
  expect(() => truth.saw("c2", "chat/a", at(1), "c2.1#1")).toThrow(/^I4/)
  expect(() => truth.saw("c2", "chat/a", at(2), "c1.1#1")).toThrow(/^I2/)
})

test("lets a lost end branch in the epochs so far, by its marks, and never in a later one", () => {
  const truth = createLogTruth()
  truth.saw("c1", "chat/a", at(1, "e1", "x"), "c1.1#1")
  truth.branched([["chat/a", "e0"]])
  truth.saw("c2", "chat/a", at(1, "e1", "y"), "c2.1#1")
  truth.saw("c2", "chat/a", at(2, "e1", "z"), "c1.1#1")
  expect(["e0", "e1", "e2"].map((epoch) => truth.isBranched("chat/a", epoch))).toEqual([true, true, false])
  expect(() => truth.saw("c2", "chat/a", at(1, "e1", "x"), "c2.1#2")).toThrow(/^I4/)
  truth.saw("c1", "chat/a", at(1, "e2", "x"), "c1.1#1")
  expect(() => truth.saw("c2", "chat/a", at(1, "e2", "y"), "c2.1#1")).toThrow(/^I4/)
})

test("sees a publisher's messages out of their order, unless the epoch is branched", () => {
  for (const branched of [false, true]) {
    const truth = createLogTruth()
    truth.saw("c1", "chat/a", at(1), "c1.1#2")
    truth.saw("c1", "chat/a", at(2), "c1.1#1")
    if (branched) truth.branched([])
    if (branched) truth.checkOrder()
    else expect(() => truth.checkOrder()).toThrow(/^I4/)
    truth.checkOrder((id) => id === "c1.1#1")
  }
})
