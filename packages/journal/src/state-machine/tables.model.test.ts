import { type JsonText, toJsonText } from "@magpie/protocol"
import fc from "fast-check"
import { expect, test } from "vitest"
import { MODEL_PATIENCE, modelRuns } from "../../../../tests/fuzz/model-runs.ts"
import { chunksOf } from "../cluster/snapshot-rows.ts"
import type { Entry, RowEntry, RowWrite } from "../entry.ts"
import { History } from "../history.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import { ReferenceTable } from "./reference-table.fixture.ts"
import { fieldsSince } from "./row-fields.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const MOST_ROWS = 5
const KEYS = ["a", "b", "c", "d", "e", "f"]
const CHANNEL = "quotes"

type Command =
  | { readonly do: "write"; readonly key: string; readonly how: How; readonly expects: Expects }
  /** A retry of the last write, under its number. */
  | { readonly do: "again" }
  | { readonly do: "clock"; readonly passMs: number }
  | { readonly do: "commit" | "discard" | "reopen" }

interface How {
  readonly action: RowWrite["action"]
  readonly value: unknown
  readonly ttlMs: number | undefined
}

type Expects = "nothing" | "what is there" | "something else"

const key = fc.constantFrom(...KEYS)
const value = fc.oneof(
  { weight: 6, arbitrary: fc.record({ bid: fc.nat(3), ask: fc.nat(3), note: fc.constantFrom("x", "橋") }, { requiredKeys: ["bid"] }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(7, [1], null, "x".repeat(200), { ["__proto__"]: 1 }) },
)
const how: fc.Arbitrary<How> = fc.record({
  action: fc.constantFrom("set", "set", "merge", "merge", "delete"),
  value,
  ttlMs: fc.constantFrom(undefined, undefined, 500),
})
const expects = fc.constantFrom<Expects>("nothing", "nothing", "what is there", "something else")
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("write" as const), key, how, expects }) },
  { weight: 1, arbitrary: fc.constant({ do: "again" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clock" as const), passMs: fc.constantFrom(100, 600) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("commit" as const, "discard" as const, "reopen" as const) }) },
)

/** A machine and the table that it should have. */
class Bed {
  readonly storage: MemoryStorage = memoryStorage()
  machine = new StateMachine(this.storage)
  reference = new ReferenceTable(MOST_ROWS)
  #committed = this.reference.copy()
  #sequence = 0
  #committedSequence = 0
  #time = 1_000
  #last: RowEntry | undefined
  #position = 0

  constructor() {
    this.machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
    this.machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: 3_600_000, retention: {} })
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case "write":
        return this.#write(command.key, command.how, command.expects)
      case "again":
        return this.#again()
      case "clock":
        this.#time += command.passMs
        return this.#clock()
      case "discard":
        return this.#discard()
      case "commit":
        return this.commit()
      case "reopen":
        await this.commit()
        this.machine = new StateMachine(this.storage)
    }
  }

  async commit(): Promise<void> {
    await this.storage.commit(this.machine.endBatch(++this.#position))
    this.machine.committed()
    this.#committed = this.reference.copy()
    this.#committedSequence = this.#sequence
  }

  #write(key: string, { action, value, ttlMs }: How, expects: Expects): void {
    const there = this.reference.versionOf(key)
    const expected = expects === "nothing" ? undefined : expects === "what is there" ? there : there + 1
    const data = toJsonText(value)
    const write = { action, key, data, ttlMs, expected, most: MOST_ROWS, maxBytes: 100 } as RowWrite
    const entry: RowEntry = {
      type: "row",
      at: this.#time,
      channel: CHANNEL,
      pattern: "p",
      write,
      producer: "ada",
      sequence: this.#sequence + 1,
    }
    const should = this.reference.write(write, this.#time)
    const { outcome, publication } = this.machine.apply(entry as Entry)
    if (typeof should === "number") {
      expect(outcome).toMatchObject({ result: "stored", position: { epoch: "e", offset: should } })
      expect(publication).toMatchObject({ channel: CHANNEL, offset: should })
      expect(JSON.parse(publication?.data ?? "")).toEqual({ key, data: this.reference.asOf(should).get(key) })
    } else expect(outcome).toMatchObject({ code: should })
    this.#sequence++
    this.#last = entry
  }

  #again(): void {
    if (this.#last === undefined || this.#last.sequence !== this.#sequence) return
    const { outcome, publication } = this.machine.apply({ ...this.#last, at: this.#time } as Entry)
    expect(["duplicate", "refused"]).toContain(outcome?.result)
    expect(publication).toBeUndefined()
  }

  #clock(): void {
    const { expired = [] } = this.machine.apply({ type: "clock", at: this.#time })
    expect(expired.map(({ offset, data }) => [offset, JSON.parse(data).key])).toEqual(this.reference.expire(this.#time))
  }

  #discard(): void {
    this.machine.discard()
    this.reference = this.#committed.copy()
    this.#sequence = this.#committedSequence
    this.#last = undefined
  }
}

/** Whoever is level with any offset becomes level with the newest, and can say how many writes that were. */
function checkReading(bed: Bed): void {
  const history = new History(bed.storage, "e")
  const { reference } = bed
  for (let from = 0; from <= reference.newest; from++) {
    const known = reference.asOf(from)
    const counts = new Map(reference.counts(from))
    let [reached, skipped, delivered, more] = [from, 0, 0, true]
    while (more) {
      const page = history.readRows(CHANNEL, reached, { maxCount: 2, maxBytes: 10_000 })
      for (const { key, version, count, base, fields, data } of page.rows) {
        expect(version).toBeGreaterThan(reached)
        reached = version
        delivered++
        skipped += count - (counts.get(key) ?? 0) - 1
        if (data === undefined) known.delete(key)
        else if (from > 0 && base <= from) known.set(key, patched(known.get(key), fieldsSince(data, fields, from)))
        else known.set(key, JSON.parse(data))
      }
      reached = page.position.offset
      more = page.more
    }
    expect(known).toEqual(reference.asOf(reference.newest))
    expect([reached, skipped]).toEqual([reference.newest, reference.newest - from - delivered])
    const mark = reference.isLast(from) ? history.readRows(CHANNEL, from - 1, { maxCount: 1, maxBytes: 1 }).position.mark : undefined
    const position = { epoch: "e", offset: from, ...(mark === undefined ? undefined : { mark }) }
    expect(history.resume(CHANNEL, position)).toEqual({ answer: "recovered", position })
  }
  for (const key of KEYS) expect(history.row(CHANNEL, key)?.version ?? 0).toBe(reference.versionOf(key))
}

function patched(before: unknown, patch: JsonText): unknown {
  return { ...(before as object), ...JSON.parse(patch) }
}

test("[G2] [G3] [G6] a table is what a reference says, for whoever comes from whichever offset", MODEL_PATIENCE, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const bed = new Bed()
      await bed.commit()
      for (const each of commands) await bed.run(each)
      await bed.commit()
      checkReading(bed)
      // Nothing is missing beside the rows, and nothing is left of what they were.
      expect(() => [...chunksOf(bed.storage.range({ from: "", to: "\u{10ffff}" }))]).not.toThrow()
      expect([...bed.storage.range({ from: "d/", to: "d0" })]).toHaveLength(bed.reference.expiring)
    }),
    modelRuns(),
  )
})
