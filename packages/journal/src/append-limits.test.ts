import { type JsonText, toJsonText } from "@magpie/protocol"
import { expect, test } from "vitest"
import { BATCH_BYTES, BATCH_ENTRIES, batchLength, weightOf } from "./append-limits.ts"
import type { Entry } from "./entry.ts"

const data: JsonText = toJsonText("x".repeat(60_000))
const sent = { at: 1, channel: "a/1", pattern: "a/:id" }
const heavy: readonly Entry[] = [
  { type: "publish", ...sent, name: "text", data },
  { type: "change", ...sent, change: { action: "edit", offset: 1, mark: 1, data, keep: 1 } },
  { type: "row", ...sent, write: { action: "set", key: "k", data, most: 1, maxBytes: 1 } },
  { type: "compact", ...sent, upTo: 1, mark: 1, name: "text", data },
  { type: "command", ...sent, step: { action: "call", id: "c", name: "n", data, deadlineMs: 1, reportMs: 1, most: 1, keep: 1 } },
  { type: "command", ...sent, step: { action: "report", id: "c", state: "done", fence: 1, data, most: 1 } },
]

test.each(heavy)("[G11] the data of a $type counts in what may wait and go together", (entry) => {
  const weight = weightOf([entry])
  expect(weight).toMatchObject({ entries: 1 })
  expect(weight.bytes).toBeGreaterThanOrEqual(data.length)
  const queue = Array.from({ length: 100 }, () => ({ weight }))
  const count = batchLength(queue, { entries: BATCH_ENTRIES, bytes: BATCH_BYTES })
  expect(count).toBe(Math.floor(BATCH_BYTES / weight.bytes))
})

test("what has no data weighs something, too", () => {
  const light: readonly Entry[] = [
    { type: "clock", at: 1 },
    { type: "row", ...sent, write: { action: "delete", key: "k" } },
    { type: "command", ...sent, step: { action: "leave", fence: 1 } },
    { type: "command", ...sent, step: { action: "report", id: "c", state: "started", fence: 1, most: 1 } },
  ]
  for (const entry of light) expect(weightOf([entry]).bytes).toBeGreaterThan(0)
})
