import { expect, test } from "vitest"
import { createFollowing } from "./following.ts"
import { createLogTruth } from "./log-truth.ts"

const at = (offset: number, epoch = "e1") => ({ epoch, offset })

function followed(from = 0) {
  const truth = createLogTruth()
  const following = createFollowing("c0.1", "chat/a", truth)
  following.begin()
  following.live(at(from))
  const give = (offset: number, epoch = "e1") => following.message(at(offset, epoch), offset, `c1.1#${offset}`)
  const miss = (from: number, to: number) => following.gap({ channel: "chat/a", reason: "trimmed", from, to, skipped: undefined }, at(to))
  return { truth, following, give, miss }
}

test("is content with every message in order, from the place of the first answer on", () => {
  const { following, give } = followed(4)
  for (const offset of [5, 6, 7]) give(offset)
  expect([following.next, following.messages]).toEqual([at(8), 3])
})

test("sees a message that is given twice, also after a resume", () => {
  const { following, give } = followed()
  give(1)
  following.live(at(1))
  expect(() => give(1)).toThrow(/^I2/)
})

test("sees silence where a message is missing", () => {
  const { give } = followed()
  give(1)
  expect(() => give(3)).toThrow(/^I5/)
})

test("takes a gap with exact bounds, and sees one with others", () => {
  const { following, give, miss } = followed()
  give(1)
  miss(2, 5)
  give(6)
  expect(following.gaps).toBe(1)
  expect(() => miss(9, 12)).toThrow(/^I5/)
  const other = followed()
  expect(() => other.following.gap({ channel: "c", reason: "trimmed", from: 1, to: 3, skipped: undefined }, at(4))).toThrow(/^I5/)
})

test("sees a new epoch that nobody told of, and is content with one that was", () => {
  const { following, give } = followed()
  give(1)
  expect(() => give(2, "e2")).toThrow(/^I6/)
  following.gap({ channel: "c", reason: "epoch", from: undefined, to: undefined, skipped: undefined }, at(0, "e2"))
  give(1, "e2")
  expect(following.next).toEqual(at(2, "e2"))
})

test("sees a message before the answer, and one after the channel was left", () => {
  const { following, give } = followed()
  following.begin()
  expect(() => give(1)).toThrow(/^I6/)
  following.end()
  expect(() => give(1)).toThrow(/^I3/)
})

test("lets a start further back be asked for as far as nothing was given, and no further", () => {
  const { following, give } = followed(10)
  following.live(at(7))
  for (const offset of [8, 9, 10, 11]) give(offset)
  following.live(at(5))
  give(12)
  expect(() => give(11)).toThrow(/^I2/)
})

test("sees that two readers of one place saw different messages, and one message in two places", () => {
  const { truth, give } = followed()
  truth.saw("somebody", "chat/a", at(1), "c9.1#1")
  expect(() => give(1)).toThrow(/^I4/)
  expect(() => truth.saw("somebody", "chat/a", at(2), "c9.1#1")).toThrow(/^I2/)
  truth.saw("somebody", "chat/a", at(1, "e2"), "c9.1#1")
})

test("sees a publisher's messages stored out of the order of its calls", () => {
  const { truth } = followed()
  truth.saw("the log", "chat/a", at(2), "c1.1#1")
  truth.saw("the log", "chat/a", at(1), "c1.1#2")
  expect(() => truth.checkOrder()).toThrow(/^I4/)
})
