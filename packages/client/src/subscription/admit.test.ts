import type { Subscribed } from "@magpie/protocol"
import { expect, test } from "vitest"
import { admit, gapOfAnswer, isBehind, skips } from "./admit.ts"
import { at } from "./listener.fixture.ts"

test("[G4] takes the next message, knows what it had, and sees a hole", () => {
  expect([1, 2, 3, 4, 9].map((offset) => admit(at(2), offset))).toEqual(["known", "known", "next", "hole", "hole"])
})

test("[G5] is behind where the server has more, or another log", () => {
  expect(isBehind(at(2), at(3))).toBe(true)
  expect(isBehind(at(2), at(2))).toBe(false)
  expect(isBehind(at(2), at(1))).toBe(false)
  expect(isBehind(at(2), at(1, "e2"))).toBe(true)
})

test("[G4] an answer further ahead in the same log skips what is owed", () => {
  expect(skips(at(2), at(3))).toBe(true)
  expect(skips(at(2), at(2))).toBe(false)
  expect(skips(at(2), at(1))).toBe(false)
  expect(skips(at(2), at(3, "e2"))).toBe(false)
})

const answer = (fields: Partial<Subscribed>): Subscribed => ({
  type: "subscribed",
  channel: "chat/lobby",
  kind: "stream",
  answer: "unrecoverable",
  ...fields,
})
const gap = (reason: string, from?: number, to?: number) => ({ channel: "chat/lobby", reason, from, to, skipped: undefined })

test("[G4] [F54] [F55] names what an answer leaves out: its bounds in the same log, none in another", () => {
  expect(gapOfAnswer(at(2), answer({ reason: "trimmed", position: at(9) }))).toEqual(gap("trimmed", 3, 9))
  expect(gapOfAnswer(at(2), answer({ reason: "expired", position: at(2) }))).toEqual(gap("expired", 3, 2))
  expect(gapOfAnswer(at(2), answer({ reason: "epoch", position: at(9, "e2") }))).toEqual(gap("epoch"))
  expect(gapOfAnswer(at(2), answer({ reason: "trimmed", position: at(1) }))).toEqual(gap("trimmed"))
  expect(gapOfAnswer(at(2), answer({}))).toEqual(gap("epoch"))
  expect(gapOfAnswer(at(2), answer({ answer: "new", position: at(5) }))).toEqual(gap("epoch", 3, 5))
})

test("[G4] sees no gap where nothing was asked for, all was recovered, or a new start is where the old one was", () => {
  expect(gapOfAnswer(undefined, answer({ reason: "trimmed", position: at(9) }))).toBeUndefined()
  expect(gapOfAnswer(at(2), answer({ answer: "recovered", position: at(2) }))).toBeUndefined()
  expect(gapOfAnswer(at(2), answer({ answer: "new", position: at(2) }))).toBeUndefined()
  expect(gapOfAnswer(at(2), answer({ answer: "new", position: at(2, "e2") }))).toEqual(gap("epoch"))
})
