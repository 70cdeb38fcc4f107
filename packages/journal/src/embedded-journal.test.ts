import type { JsonText } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import { embeddedJournal } from "./embedded-journal.ts"
import type { Entry } from "./entry.ts"
import type { JournalBatch, JournalReader } from "./journal.ts"

const clockEntries = (count: number): Entry[] => Array.from({ length: count }, (_, at) => ({ type: "clock", at }))

const reader = (deliver: JournalReader<Entry>["deliver"]): JournalReader<Entry> => ({ connected: () => 1, deliver })

test("[G3] gives what one turn appended as one batch, in order, with positions from 1", async () => {
  const env = fakeEnv()
  const journal = embeddedJournal({ env, level: "disk" })
  const batches: JournalBatch<Entry>[] = []
  journal.tail(
    0,
    reader(async (batch) => void batches.push(batch)),
  )
  const entries = clockEntries(3)
  const appended = Promise.all(entries.map((entry) => journal.append(0, [entry])))
  expect(batches).toEqual([])
  await env.clock.settle()
  await appended
  expect(batches).toEqual([{ partition: 0, first: 1, records: entries }])
  expect(batches[0]?.records[1]).toBe(entries[1])
})

test("bounds a batch and gives the next one only when the one before has settled", async () => {
  const env = fakeEnv()
  const journal = embeddedJournal({ env, level: "disk", batchEntries: 2 })
  const sizes: number[] = []
  let release = (): void => {}
  journal.tail(
    0,
    reader(({ records }) => {
      sizes.push(records.length)
      return new Promise((resolve) => {
        release = resolve
      })
    }),
  )
  for (const entry of clockEntries(5)) void journal.append(0, [entry])
  await env.clock.settle()
  expect(sizes).toEqual([2])
  release()
  await env.clock.settle()
  expect(sizes).toEqual([2, 2])
  release()
  await env.clock.settle()
  expect(sizes).toEqual([2, 2, 1])
})

test("refuses with UNAVAILABLE when too much waits, and accepts again later", async () => {
  const env = fakeEnv()
  const journal = embeddedJournal({ env, level: "disk", pendingEntries: 2 })
  const [a, b, c] = clockEntries(3).map((entry) => [entry])
  const first = Promise.all([journal.append(0, a ?? []), journal.append(0, b ?? [])])
  await expect(journal.append(0, c ?? [])).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 1_000 })
  journal.tail(
    0,
    reader(async () => {}),
  )
  await env.clock.settle()
  await first
  const again = journal.append(0, c ?? [])
  await env.clock.settle()
  await again
})

test("[F76] weighs what rows and changes carry, as what messages do", async () => {
  const env = fakeEnv()
  const data = JSON.stringify("x".repeat(1_000)) as JsonText
  const sent = { at: 1, channel: "c", pattern: "c" } as const
  const entries: Entry[] = [
    { ...sent, type: "publish", name: "say", data },
    { ...sent, type: "row", write: { action: "merge", key: "k", data, maxBytes: 2_000 } },
    { ...sent, type: "change", change: { action: "edit", offset: 1, mark: 1, data, keep: 0 } },
  ]
  for (const entry of entries) {
    const journal = embeddedJournal({ env, level: "disk", pendingBytes: 1_000 })
    await expect(journal.append(0, [entry])).rejects.toMatchObject({ code: "UNAVAILABLE" })
  }
})

test("[F105] ends when its tail rejects, with the same error for everything that waits", async () => {
  const env = fakeEnv()
  const journal = embeddedJournal({ env, level: "disk", batchEntries: 1 })
  journal.tail(
    0,
    reader(() => Promise.reject(new Error("broken"))),
  )
  const results = Promise.allSettled(clockEntries(2).map((entry) => journal.append(0, [entry])))
  await env.clock.settle()
  expect(await results).toMatchObject([{ status: "rejected" }, { status: "rejected" }])
  await expect(journal.append(0, clockEntries(1))).rejects.toMatchObject({ code: "INTERNAL" })
})

test("[G1] gives its tail what was appended before the close, in batches, and refuses what comes after", async () => {
  const env = fakeEnv()
  const journal = embeddedJournal({ env, level: "disk", batchEntries: 2 })
  const sizes: number[] = []
  journal.tail(
    0,
    reader(async ({ records }) => void sizes.push(records.length)),
  )
  const before = Promise.all(clockEntries(5).map((entry) => journal.append(0, [entry])))
  const closed = Promise.all([journal.close(), journal.close()])
  await expect(journal.append(0, clockEntries(1))).rejects.toMatchObject({ code: "CLOSED" })
  await closed
  await before
  await journal.close()
  await env.clock.settle()
  expect(sizes).toEqual([2, 2, 1])
  await expect(journal.append(0, clockEntries(1))).rejects.toMatchObject({ code: "CLOSED" })
})

test("refuses what waits for a tail that never came when it closes", async () => {
  const journal = embeddedJournal({ env: fakeEnv(), level: "disk" })
  const waiting = Promise.allSettled([journal.append(0, clockEntries(1))])
  await journal.close()
  expect(await waiting).toMatchObject([{ reason: { code: "CLOSED" } }])
})
