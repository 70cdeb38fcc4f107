import { toJsonText } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Outcome } from "../durable-log.ts"
import type { Entry } from "../entry.ts"
import { ageKey, memoryKey, memoryRange, readMemoryKey } from "../rows/keys.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { encodeText } from "../rows/system-rows.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import { PendingWrites } from "./pending-writes.ts"
import { EMPTY } from "./sequences.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const EPOCH: Entry = { type: "epoch", at: 0, epoch: "e", reason: "created" }
const WINDOW_MS = 60_000

function settings(at: number, maxCount: number, maxAgeMs: number): Entry {
  return { type: "settings", at, applyVersion: APPLY_VERSION, deduplicationMs: WINDOW_MS, retention: { p: { maxCount, maxAgeMs } } }
}

interface Replayed {
  readonly outcomes: readonly (Outcome | undefined)[]
  readonly hash: string
  readonly rows: readonly string[]
  readonly storage: MemoryStorage
}

/** Applies a log in batches of the given lengths, over and over, opening the machine anew between some of them. */
async function replay(entries: readonly Entry[], lengths: readonly number[], reopenEvery = Number.POSITIVE_INFINITY): Promise<Replayed> {
  const storage = memoryStorage()
  let machine = new StateMachine(storage)
  const outcomes: (Outcome | undefined)[] = []
  for (let index = 0, batch = 0; index < entries.length; batch++) {
    const end = Math.min(entries.length, index + (lengths[batch % lengths.length] ?? 1))
    for (const entry of entries.slice(index, end)) outcomes.push(machine.apply(entry).outcome)
    index = end
    await storage.commit(machine.endBatch(index))
    machine.committed()
    if (batch % reopenEvery === reopenEvery - 1) machine = new StateMachine(storage)
  }
  const rows = Array.from(storage.range({ from: "", to: "\u{10ffff}" }), ({ key, value }) => `${key} ${value.join()}`)
  return { outcomes, hash: machine.stateHash(), rows, storage }
}

/** A log with everything in it: repetitions, gaps, refusals, keys, time that jumps, settings that change. */
function someLog(seed: string, length: number): Entry[] {
  const random = seededRandom(seed)
  const entries: Entry[] = [EPOCH, settings(0, 20, 120_000)]
  const sequences = new Map<string, number>()
  let at = 1_000_000
  while (entries.length < length) {
    at += random.integer(-2_000, 4_000)
    const channel = `c${random.integer(0, 3)}`
    const producer = `p${random.integer(0, 2)}`
    const last = sequences.get(channel + producer) ?? 0
    const sequence = Math.max(1, last + random.integer(-5, 2))
    const base = { at, channel, pattern: random.pick(["p", "other"]) }
    const what = random.integer(0, 20)
    if (what === 0) entries.push(settings(at, random.integer(1, 20), random.integer(10_000, 120_000)))
    else if (what <= 3) entries.push({ type: "clock", at })
    else if (what <= 5) entries.push({ type: "refused", ...base, producer, sequence, code: "FORBIDDEN" })
    else {
      const numbering = what <= 8 ? { key: `k${random.integer(0, 9)}` } : what <= 10 ? {} : { producer, sequence }
      entries.push({ type: "publish", ...base, name: "say", data: toJsonText(sequence % 7 === 0 ? at : sequence), ...numbering })
    }
    sequences.set(channel + producer, Math.max(last, Math.min(sequence, last + 1)))
  }
  return entries
}

describe("the state machine", () => {
  test("gives the same rows, outcomes and hash however the log is cut into batches and restarted", async () => {
    for (const seed of ["a", "b", "c", "d", "e"]) {
      const entries = someLog(seed, 600)
      const whole = await replay(entries, [1_000])
      const results = new Set(whole.outcomes.map((outcome) => outcome?.result))
      expect(results).toEqual(new Set([undefined, "stored", "duplicate", "out-of-order", "refused", "conflict", "expired"]))
      for (const other of [await replay(entries, [1], 3), await replay(entries, [7, 1, 30], 2), await replay(entries, [2])]) {
        expect(other.outcomes).toEqual(whole.outcomes)
        expect(other.hash).toBe(whole.hash)
        expect(other.rows.filter((row) => !row.startsWith("g/progress"))).toEqual(whole.rows.filter((row) => !row.startsWith("g/progress")))
      }
    }
  })

  test("gives another hash for another log", async () => {
    const entries = someLog("a", 300)
    const { hash } = await replay(entries, [50])
    expect((await replay(entries.slice(0, -1), [50])).hash).not.toBe(hash)
    expect((await replay(someLog("b", 300), [50])).hash).not.toBe(hash)
  })

  test("forgets a discarded batch as if it had not been applied", async () => {
    const entries = someLog("a", 400)
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    for (let index = 0; index < entries.length; index += 10) {
      const batch = entries.slice(index, index + 10)
      for (const entry of batch) machine.apply(entry)
      machine.endBatch(index + 10)
      machine.discard()
      for (const entry of batch) machine.apply(entry)
      await storage.commit(machine.endBatch(index + 10))
      machine.committed()
    }
    expect(machine.stateHash()).toBe((await replay(entries, [10])).hash)
  })

  test("[G2] a number stands for the message with that reference: another one meets a conflict, also where it is refused or was", () => {
    const machine = new StateMachine(memoryStorage())
    let position = 0
    const publish = (sequence: number, ref: string) =>
      machine.apply({ type: "publish", at: 1, ...producer, name: "n", data: toJsonText(1), sequence, ref }, ++position).outcome?.result
    const refuse = (sequence: number, ref: string) =>
      machine.apply({ type: "refused", at: 1, ...producer, sequence, code: "FORBIDDEN", ref }, ++position).outcome?.result
    const producer = { channel: "c", pattern: "p", producer: "u/one" }
    expect([publish(1, "a"), publish(1, "a"), publish(1, "b")]).toEqual(["stored", "duplicate", "conflict"])
    expect([refuse(1, "a"), refuse(1, "b")]).toEqual(["duplicate", "conflict"])
    expect([refuse(2, "c"), refuse(2, "c"), refuse(2, "d"), publish(2, "d"), publish(2, "c")]).toEqual([
      "refused",
      "refused",
      "conflict",
      "conflict",
      "refused",
    ])
  })

  test("refuses settings and storage of newer rules", async () => {
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    expect(() => machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION + 1, deduplicationMs: 1, retention: {} })).toThrow(
      /^INVALID_OPTIONS/,
    )
  })

  test("expires at most a bounded number of messages per clock entry and the rest with the next", () => {
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    machine.apply(settings(0, Number.POSITIVE_INFINITY, 1_000))
    for (let index = 0; index < 1_200; index++) {
      machine.apply({ type: "publish", at: 1, channel: "c", pattern: "p", name: "n", data: toJsonText(index) })
    }
    const expired = (): number => {
      machine.apply({ type: "clock", at: 5_000 })
      return machine.endBatch(1).filter((write) => "remove" in write && write.remove.startsWith("m/")).length
    }
    expect(expired()).toBe(512)
    expect(machine.nextDueAt()).toBeLessThanOrEqual(5_000)
    expect(expired()).toBe(1_024)
    expect(expired()).toBe(1_200)
  })

  test("expires many channels in a time that grows with their number, not with its square", () => {
    const effort = (channels: number): number => {
      const machine = new StateMachine(memoryStorage())
      machine.apply(settings(0, 10, 1_000))
      for (let index = 0; index < channels; index++) {
        machine.apply({ type: "publish", at: 1, channel: `c${index}`, pattern: "p", name: "n", data: toJsonText(index) })
      }
      const begin = process.cpuUsage()
      for (let rows = 0; rows < channels * 2; rows += 512) machine.apply({ type: "clock", at: 5_000 })
      const { user, system } = process.cpuUsage(begin)
      expect(machine.nextDueAt()).toBeUndefined()
      return user + system
    }
    const best = (channels: number): number => Math.min(...Array.from({ length: 5 }, () => effort(channels)))
    best(1_000)
    // 16 times as many take 16 times as long, or 256 times where each looks at all the others. Of the processor's time, which a
    // busy machine does not lengthen much.
    expect(best(16_000) / best(1_000)).toBeLessThan(64)
  })

  test("reads pending and stored rows of the indexes of time as one", async () => {
    const storage = memoryStorage()
    const at = (since: number): string => memoryKey(since, "k", 1, "n")
    await storage.commit([1, 3, 5, 7].map((since) => ({ put: at(since), value: EMPTY })))
    const pending = new PendingWrites(storage)
    for (const since of [0, 4, 8]) pending.put(at(since), EMPTY)
    for (const since of [3, 4, 9]) pending.remove(at(since))
    pending.put(at(5), EMPTY)
    const found = (limit: number, until = 100) => pending.first(memoryRange(until), limit).map(({ key }) => readMemoryKey(key).since)
    expect(found(100)).toEqual([0, 1, 5, 7, 8])
    expect([found(0), found(1), found(3), found(4)]).toEqual([[], [0], [0, 1, 5], [0, 1, 5, 7]])
    expect(found(100, 5)).toEqual([0, 1, 5])
    pending.clear()
    expect(found(100)).toEqual([1, 3, 5, 7])
  })

  test("[F107] drops a damaged row of the age index and goes on, and the next message brings the channel back into it", async () => {
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    const publish = (at: number, channel: string): Entry => ({ type: "publish", at, channel, pattern: "p", name: "n", data: toJsonText(1) })
    let position = 0
    const apply = async (...entries: Entry[]): Promise<void> => {
      for (const entry of entries) machine.apply(entry)
      await storage.commit(machine.endBatch(++position))
      machine.committed()
    }
    await apply(settings(0, 10, 10_000), publish(1_000, "a"), publish(1_000, "b"))
    expect(storage.damage(ageKey("p", 1_000, 1))).toBe(true)
    await apply({ type: "clock", at: 11_000 })
    expect([...storage.range({ from: "m/", to: "m0" })]).toHaveLength(1)
    expect(machine.nextDueAt()).toBeUndefined()
    await apply(publish(12_000, "a"))
    expect(machine.nextDueAt()).toBe(11_000)
    await apply({ type: "clock", at: 12_000 })
    expect([...storage.range({ from: "m/", to: "m0" })]).toHaveLength(1)
    await apply({ type: "clock", at: 22_000 })
    expect([...storage.range({ from: "m/", to: "m0" }), ...storage.range({ from: "a/", to: "a0" })]).toEqual([])
    expect(machine.nextDueAt()).toBeUndefined()
  })

  test("[F107] drops a row of the age index that names a channel which is indexed elsewhere or not at all", async () => {
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    machine.apply(settings(0, 10, 10_000))
    machine.apply({ type: "publish", at: 1_000, channel: "a", pattern: "p", name: "n", data: toJsonText(1) })
    const name = (text: string) => encodeText(new RowWriter(), text)
    const stray = [
      { put: ageKey("p", 500, 1), value: name("a") },
      { put: ageKey("p", 600, 9), value: name("nobody") },
    ]
    await storage.commit([...machine.endBatch(1), ...stray])
    machine.committed()
    const dueAfterClockAt = async (at: number): Promise<number | undefined> => {
      machine.apply({ type: "clock", at })
      await storage.commit(machine.endBatch(at))
      machine.committed()
      return machine.nextDueAt()
    }
    expect(await dueAfterClockAt(10_700)).toBe(11_000)
    expect(await dueAfterClockAt(11_000)).toBeUndefined()
  })

  test("[F52] remembers a sequence for the whole window, also when clock entries come for other reasons", () => {
    const machine = new StateMachine(memoryStorage())
    machine.apply(settings(0, 10, 1_000))
    const publish = (at: number, sequence: number): Outcome | undefined =>
      machine.apply({ type: "publish", at, channel: "c", pattern: "p", name: "n", data: toJsonText(1), producer: "ada", sequence }).outcome
    publish(1_000, 1)
    for (let at = 2_000; at < 1_000 + WINDOW_MS; at += 1_000) machine.apply({ type: "clock", at })
    expect(publish(1_000 + WINDOW_MS, 1)).toMatchObject({ result: "duplicate" })
  })

  test("[F52] goes on after a forgotten sequence in the middle of a block", () => {
    const machine = new StateMachine(memoryStorage())
    machine.apply(settings(0, 100, 1_000_000))
    const publish = (at: number, sequence: number): Outcome | undefined =>
      machine.apply({ type: "publish", at, channel: "c", pattern: "p", name: "n", data: toJsonText(1), producer: "ada", sequence }).outcome
    for (let sequence = 1; sequence <= 5; sequence++) publish(1_000, sequence)
    machine.apply({ type: "clock", at: 1_000 + 2 * WINDOW_MS })
    for (let sequence = 6; sequence <= 40; sequence++) expect(publish(200_000, sequence)).toMatchObject({ result: "stored" })
    for (let sequence = 1; sequence <= 5; sequence++) expect(publish(200_000, sequence)).toEqual({ result: "expired" })
    for (let sequence = 6; sequence <= 40; sequence++) {
      expect(publish(200_000, sequence)).toMatchObject({ result: "duplicate", position: { offset: sequence } })
    }
  })

  test("[G2] stores each sequence once and in order, whatever a producer sends", async () => {
    const attempt = fc.record({ sequence: fc.integer({ min: 1, max: 40 }), content: fc.integer({ min: 0, max: 1 }), refuse: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 120 }), fc.integer({ min: 1, max: 20 }), async (attempts, batch) => {
        const entries = attempts.map(({ sequence, content, refuse }): Entry => {
          const base = { at: 1, channel: "c", pattern: "p", producer: "ada", sequence }
          if (refuse) return { type: "refused", ...base, code: "FORBIDDEN" }
          return { type: "publish", ...base, name: "say", data: toJsonText(content) }
        })
        const { outcomes } = await replay([EPOCH, settings(1, 1_000, 1_000), ...entries], [batch], 2)
        const model = new Map<number, { offset: number; content: number } | "refused">()
        let newest = 0
        for (const [index, { sequence, content, refuse }] of attempts.entries()) {
          const outcome = outcomes[index + 2]
          const known = model.get(sequence)
          if (known === undefined && sequence !== model.size + 1)
            expect(outcome).toEqual({ result: "out-of-order", expected: model.size + 1 })
          else if (known === "refused" || (known === undefined && refuse)) expect(outcome).toEqual({ result: "refused", code: "FORBIDDEN" })
          else if (known === undefined) expect(outcome).toMatchObject({ result: "stored", position: { offset: newest + 1 } })
          else if (refuse || known.content === content)
            expect(outcome).toMatchObject({ result: "duplicate", position: { offset: known.offset } })
          else expect(outcome).toEqual({ result: "conflict" })
          if (known === undefined && sequence === model.size + 1) model.set(sequence, refuse ? "refused" : { offset: ++newest, content })
        }
      }),
      { numRuns: 200, seed: 20_260_101 },
    )
  })
})
