import { MagpieError, toJsonText } from "@magpie/protocol"
import { type FakeEnv, fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import type { Entry } from "../entry.ts"
import type { Journal } from "../journal.ts"
import { Appender, type AppenderOptions, OUTCOME_TIMEOUT_MS } from "./appender.ts"
import { decodeRecord } from "./record.ts"

interface Appended {
  readonly counters: readonly number[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface World {
  readonly env: FakeEnv
  readonly appender: Appender
  readonly appended: Appended[]
}

function world(options: Partial<AppenderOptions> = {}): World {
  const env = fakeEnv()
  const appended: Appended[] = []
  const journal: Journal = {
    capabilities: { level: "quorum", partitions: 2, retained: true, trims: true },
    append: (_partition, records) =>
      new Promise((resolve, reject) => {
        appended.push({ counters: records.map((record) => decodeRecord(record)?.origin.counter ?? 0), resolve, reject })
      }),
    tail: () => ({ stop: () => Promise.resolve() }),
    trim: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  const appender = new Appender({ env, journal, partition: 1, node: "a.1", ...options })
  appender.held = false
  return { env, appender, appended }
}

const entry = (data: number): Entry => ({ type: "publish", at: 1, channel: "c", pattern: "c", name: "say", data: toJsonText(data) })

/** What became of each, as far as it is known. */
function watched(pending: readonly Promise<unknown>[]): string[] {
  const states = pending.map(() => "open")
  for (const [index, promise] of pending.entries()) {
    promise.then(
      () => (states[index] = "done"),
      (error: unknown) => (states[index] = error instanceof MagpieError ? error.code : "error"),
    )
  }
  return states
}

test("[F76] has one append under way; what comes meanwhile forms the next, in bounded batches", async () => {
  const { env, appender, appended } = world({ batchEntries: 3 })
  const states = watched([1, 2].map((data) => appender.submit(entry(data))))
  await env.clock.settle()
  for (const data of [3, 4, 5, 6, 7]) void appender.submit(entry(data)).catch(() => {})
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([[1, 2]])
  appended[0]?.resolve()
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([
    [1, 2],
    [3, 4, 5],
  ])
  expect(states).toEqual(["open", "open"])
  appender.fail(new MagpieError("CLOSED", "over"))
  await env.clock.settle()
  expect(env.clock.pendingTimers).toBe(0)
})

test("is done with an entry when it is acknowledged and applied, in whichever order", async () => {
  const { env, appender, appended } = world()
  const states = watched([1, 2].map((data) => appender.submit(entry(data))))
  await env.clock.settle()
  appender.applied(1, {})
  await env.clock.settle()
  expect(states).toEqual(["open", "open"])
  appended[0]?.resolve()
  await env.clock.settle()
  expect(states).toEqual(["done", "open"])
  appender.applied(2, {})
  await env.clock.settle()
  expect(states).toEqual(["done", "done"])
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[F68] gives up at once what a later entry of its own has overtaken: it can no longer count", async () => {
  const { env, appender, appended } = world({ batchEntries: 1 })
  const states = watched([appender.submit(entry(1)), appender.submit(entry(2))])
  await env.clock.settle()
  appended[0]?.resolve()
  await env.clock.settle()
  appended[1]?.resolve()
  appender.applied(2, {})
  await env.clock.settle()
  expect(states).toEqual(["UNAVAILABLE", "done"])
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[G1] does not deny what may be in a state that this node has taken over", async () => {
  const { env, appender, appended } = world()
  const states = watched([appender.submit(entry(1))])
  await env.clock.settle()
  appended[0]?.resolve()
  const denied = appender.submit(entry(2)).catch(String)
  await env.clock.settle()
  appender.forget()
  expect(await denied).toMatch(/is not known/)
  expect(states).toEqual(["UNAVAILABLE"])
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[G11] refuses alone what cannot be written", async () => {
  const { env, appender, appended } = world()
  const unwritable: Entry = { type: "clock", at: Number.NaN }
  const states = watched([entry(1), unwritable, entry(2)].map((one) => appender.submit(one)))
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([[1, 2]])
  expect(states).toEqual(["open", "INTERNAL", "open"])
  appended[0]?.resolve()
  appender.applied(1, {})
  appender.applied(2, {})
  const alone = watched([appender.submit(unwritable)])
  await env.clock.settle()
  expect([...states, ...alone]).toEqual(["done", "INTERNAL", "done", "INTERNAL"])
  expect(appended).toHaveLength(1)
  expect(appender.counters).toMatchObject({ done: 2 })
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[G12] a close does not wait for what cannot be written", async () => {
  const { env, appender } = world()
  const states = watched([appender.submit({ type: "clock", at: Number.NaN })])
  const closed = watched([appender.close()])
  await env.clock.settle()
  expect([...states, ...closed]).toEqual(["INTERNAL", "done"])
})

test("[F67] tells in a bounded time that nobody knows, and goes on behind an append that never settles", async () => {
  const { env, appender, appended } = world()
  const states = watched([appender.submit(entry(1))])
  await env.clock.advance(OUTCOME_TIMEOUT_MS)
  expect(states).toEqual(["UNAVAILABLE"])
  const next = watched([appender.submit(entry(2))])
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([[1], [2]])
  appended[1]?.resolve()
  appender.applied(2, {})
  await env.clock.settle()
  expect(next).toEqual(["done"])
  await env.clock.advance(OUTCOME_TIMEOUT_MS)
  expect(env.clock.pendingTimers).toBe(0)
})

test("[F67] tells it in time also of what was sent behind something younger", async () => {
  const { env, appender, appended } = world()
  appender.held = true
  const first = watched([appender.submit(entry(1))])
  await env.clock.advance(1_000)
  const second = watched([appender.submit(entry(2))])
  await env.clock.advance(8_000)
  const urgent = watched([appender.submit({ type: "clock", at: 1 }, true)])
  await env.clock.settle()
  appended[0]?.resolve()
  appender.held = false
  await env.clock.advance(OUTCOME_TIMEOUT_MS - 8_000)
  expect([...first, ...second, ...urgent]).toEqual(["UNAVAILABLE", "UNAVAILABLE", "open"])
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[F76] refuses with UNAVAILABLE when too much waits, but not what is urgent", async () => {
  const { env, appender } = world({ pendingEntries: 2 })
  const states = watched([1, 2, 3].map((data) => appender.submit(entry(data))))
  const urgent = watched([appender.submit({ type: "clock", at: 1 }, true)])
  await env.clock.settle()
  expect(states).toEqual(["open", "open", "UNAVAILABLE"])
  expect(urgent).toEqual(["open"])
  appender.fail(new MagpieError("CLOSED", "over"))
  await env.clock.settle()
  expect([...states, ...urgent]).toEqual(["CLOSED", "CLOSED", "UNAVAILABLE", "CLOSED"])
})

test("while held sends only what is urgent", async () => {
  const { env, appender, appended } = world()
  appender.held = true
  void appender.submit(entry(1)).catch(() => {})
  void appender.submit({ type: "clock", at: 1 }, true).catch(() => {})
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([[1]])
  appended[0]?.resolve()
  await env.clock.settle()
  expect(appended).toHaveLength(1)
  appender.held = false
  await env.clock.settle()
  expect(appended.map(({ counters }) => counters)).toEqual([[1], [2]])
  appender.fail(new MagpieError("CLOSED", "over"))
})

test("[G12] closes when what was accepted is done, or after a bounded time, and leaves nothing open", async () => {
  const { env, appender, appended } = world()
  const states = watched([appender.submit(entry(1)), appender.submit(entry(2))])
  await env.clock.settle()
  const closed = watched([appender.close()])
  await expect(appender.submit(entry(3))).rejects.toMatchObject({ code: "CLOSED" })
  appended[0]?.resolve()
  appender.applied(1, {})
  await env.clock.settle()
  expect([...states, ...closed]).toEqual(["done", "open", "open"])
  await env.clock.advance(5_000)
  expect([...states, ...closed]).toEqual(["done", "UNAVAILABLE", "done"])
  expect(env.clock.pendingTimers).toBe(0)
})
