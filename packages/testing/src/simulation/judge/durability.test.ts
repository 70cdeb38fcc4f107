import type { DurableLog } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import { expect, test } from "vitest"
import { createRights } from "../simulated-app.ts"
import { createJudge } from "./judge.ts"

/** What a channel's log holds: marks in the order of their offsets, from one on that is not the first where some have left. */
type Content = Partial<Record<string, { readonly from?: number; readonly marks: readonly string[]; readonly hole?: boolean }>>

function judged({ partitions = 1 } = {}) {
  const partitionOf = (channel: string) => (channel === "chat/a" ? 0 : partitions - 1)
  const judge = createJudge({ rights: createRights(() => 0), partitionOf, monotonic: () => 0, logs: () => [], whole: () => false })

  /** The node applies messages, in this order, and each is acknowledged. */
  function stored(...messages: readonly (readonly [channel: string, offset: number, mark: string])[]): void {
    for (const [channel, offset, mark] of messages) {
      const id = `c1.1#${judge.publishes.count + 1}`
      const record = judge.publishes.call({ id, channel, publisher: "c1.1", user: "c1", calledAt: 0 })
      judge.applied("node-0", "e1", [{ channel, offset, mark, name: "say", data: toJsonText({ id }), at: 0, from: "c1" }])
      judge.acknowledged(record, { epoch: "e1", offset, mark }, "disk")
    }
  }

  function reopened(content: Content, node = "node-0"): string | undefined {
    const newest = (channel: string) => {
      const { from = 1, marks = [] } = content[channel] ?? {}
      return { epoch: "e2", offset: from + marks.length - 1 }
    }
    const readBefore = (channel: string) => {
      const { from = 1, marks = [], hole = false } = content[channel] ?? {}
      return { publications: marks.map((mark, index) => ({ channel, offset: from + index, mark })), more: hole }
    }
    judge.logOpened(node, { newest, readBefore } as unknown as DurableLog, true)
    return judge.violation?.message
  }
  return { judge, stored, reopened }
}

test("sees an acknowledged message missing where one behind it in its partition survived", () => {
  const { stored, reopened } = judged()
  stored(["chat/a", 1, "a1"], ["chat/b", 1, "b1"], ["chat/a", 2, "a2"])
  expect(reopened({ "chat/a": { marks: ["a1", "a2"] } })).toMatch(/^I12: .*chat\/a 2 and without chat\/b 1/)
})

test("sees it in one channel too, where another message stands in its place", () => {
  const { stored, reopened } = judged()
  stored(["chat/a", 1, "a1"], ["chat/a", 2, "a2"])
  expect(reopened({ "chat/a": { marks: ["x1", "a2"] } })).toMatch(/^I12: .*chat\/a 2 and without chat\/a 1/)
})

test("is content with any run from the first, of each partition for itself, and with what has left history", () => {
  const messages = [
    ["chat/a", 1, "a1"],
    ["chat/b", 1, "b1"],
    ["chat/a", 2, "a2"],
  ] as const
  for (const content of [{}, { "chat/a": { marks: ["a1"] } }, { "chat/a": { marks: ["a1"] }, "chat/b": { marks: ["b1"] } }]) {
    const { stored, reopened } = judged()
    stored(...messages)
    expect(reopened(content)).toBeUndefined()
  }
  const apart = judged({ partitions: 2 })
  apart.stored(...messages)
  expect(apart.reopened({ "chat/a": { marks: ["a1", "a2"] } })).toBeUndefined()
  const trimmed = judged()
  trimmed.stored(...messages)
  expect(trimmed.reopened({ "chat/a": { from: 2, marks: ["a2"] }, "chat/b": { from: 2, marks: [] } })).toBeUndefined()
})

test("goes on over restarts: what a log held when it was opened stands before what is applied then", () => {
  const { stored, reopened } = judged()
  stored(["chat/b", 1, "b1"])
  expect(reopened({ "chat/b": { marks: ["b1"] } })).toBeUndefined()
  stored(["chat/a", 1, "a1"])
  expect(reopened({ "chat/a": { marks: ["a1"] } })).toMatch(/^I12/)
})

test("lets what an old copy lacks be lost, and judges what comes behind the copy", () => {
  const { judge, stored, reopened } = judged()
  stored(["chat/a", 1, "a1"], ["chat/b", 1, "b1"])
  judge.restored()
  expect(reopened({ "chat/a": { marks: ["a1"] } })).toBeUndefined()
  stored(["chat/a", 2, "a2"])
  expect(reopened({ "chat/a": { marks: ["a1", "a2"] } })).toBeUndefined()
  expect(reopened({ "chat/a": { marks: ["x1", "a2"] } })).toMatch(/^I12/)
})

test("sees a hole, and judges nothing more once a broker has lost its end", () => {
  const holed = { "chat/a": { from: 3, marks: ["a3"], hole: true } }
  expect(judged().reopened(holed)).toMatch(/^I13: .*chat\/a at 2/)
  const other = judged()
  other.stored(["chat/a", 1, "a1"], ["chat/a", 2, "a2"], ["chat/a", 3, "a3"])
  expect(other.reopened(holed)).toMatch(/^I12: .*chat\/a 3 and without chat\/a 2/)
  const { judge, stored, reopened } = judged()
  stored(["chat/a", 1, "a1"], ["chat/b", 1, "b1"])
  judge.rolledBack([])
  expect(reopened({ "chat/b": { marks: ["b1"] } })).toBeUndefined()
})
