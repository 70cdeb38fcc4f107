import type { DurableLog } from "@magpie/journal"
import { expect, test } from "vitest"
import { checkGap } from "./gap-truth.ts"

/** A log that still has its messages from `oldest` to `newest`; the mark of each is its number. */
function log(oldest: number, newest: number, epoch = "e1"): DurableLog {
  const readBefore = (_channel: string, before: number) => {
    const offset = Math.min(before - 1, newest)
    return { publications: offset >= oldest ? [{ offset, mark: `m${offset}` }] : [] }
  }
  return { newest: () => ({ epoch, offset: newest }), readBefore } as unknown as DurableLog
}

const trimmed = (from: number, to: number) => ({ channel: "chat/a", reason: "trimmed", from, to, skipped: undefined }) as const
const another = { channel: "chat/a", reason: "epoch", from: undefined, to: undefined, skipped: undefined } as const
const reached = (offset: number, mark?: string) => ({ epoch: "e1", offset, mark })

test("sees a gap of messages that every log still has", () => {
  expect(() => checkGap("c1", trimmed(5, 9), reached(4), [log(5, 9), log(1, 9)])).toThrow(/^I5/)
  expect(() => checkGap("c1", trimmed(5, 9), reached(4), [log(6, 9), log(1, 9)])).not.toThrow()
})

test("sees a log called another one, though it holds what the subscriber stood at", () => {
  expect(() => checkGap("c1", another, reached(4, "m4"), [log(1, 9)])).toThrow(/^I6/)
  expect(() => checkGap("c1", another, reached(0), [log(1, 9)])).toThrow(/^I6/)
  expect(() => checkGap("c1", another, reached(4, "of another branch"), [log(1, 9)])).not.toThrow()
  expect(() => checkGap("c1", another, reached(4, "m4"), [log(1, 9), log(1, 3)])).not.toThrow()
})

test("says nothing where no log knows itself, or the epoch is over", () => {
  expect(() => checkGap("c1", another, reached(4, "m4"), [])).not.toThrow()
  expect(() => checkGap("c1", trimmed(5, 9), reached(4), [log(1, 9, "e2")])).not.toThrow()
})

test("sees a message called damaged where no disk was", () => {
  expect(() => checkGap("c1", { ...trimmed(5, 5), reason: "corrupt" }, reached(4), [])).toThrow(/^I13/)
})
