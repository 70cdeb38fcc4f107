import { type Position, toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { decodeRecord, encodeRecord } from "../cluster/record.ts"
import type { Outcome } from "../durable-log.ts"
import type { CompactEntry, Entry } from "../entry.ts"
import { History } from "../history.ts"
import { markNumber } from "../rows/message-row.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import { MOST_COMPACTED } from "./compaction.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const ALL = { maxCount: 100_000, maxBytes: 100_000_000 }
const BASE = { at: 1_000, channel: "note/a", pattern: "note/:id" } as const
const FOR_EVER = { maxCount: Infinity, maxAgeMs: Infinity }

class Bed {
  readonly storage = memoryStorage()
  readonly machine = new StateMachine(this.storage)
  #position = 0

  constructor() {
    this.machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
    const retention = { [BASE.pattern]: FOR_EVER }
    this.machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: 10_000, retention })
  }

  get history(): History {
    return new History(this.storage, "e")
  }

  say(text: string): Position {
    const { outcome } = this.machine.apply({ ...BASE, type: "publish", name: "$update", data: toJsonText(text), from: "ada" })
    if (outcome?.result !== "stored") throw new Error("it was not stored")
    return outcome.position
  }

  compact(upTo: number, mark = this.markAt(upTo), changes: Partial<CompactEntry> = {}): Outcome | undefined {
    const data = toJsonText(`up to ${upTo}`)
    return this.machine.apply({ ...BASE, type: "compact", upTo, mark, name: "$update", data, ...changes }).outcome
  }

  markAt(offset: number): number {
    return this.history.find(BASE.channel, offset)?.mark ?? 0
  }

  read(after: number): readonly string[] {
    return this.history.readAfter(BASE.channel, after, ALL).publications.map(({ offset, data }) => `${offset} ${JSON.parse(data)}`)
  }

  async commit(): Promise<void> {
    await this.storage.commit(this.machine.endBatch(++this.#position))
    this.machine.committed()
  }
}

async function bedWith(count: number): Promise<{ bed: Bed; positions: readonly Position[] }> {
  const bed = new Bed()
  const positions = Array.from({ length: count }, (_, index) => bed.say(`m${index + 1}`))
  await bed.commit()
  return { bed, positions }
}

describe("the beginning of a log that is joined", () => {
  test("[F99] stands where the last message stood that it replaces, and takes no offset", async () => {
    const { bed, positions } = await bedWith(5)
    expect(bed.compact(3)).toEqual({ result: "stored", position: positions[2] })
    bed.say("m6")
    await bed.commit()
    expect(bed.read(2)).toEqual(["3 up to 3", "4 m4", "5 m5", "6 m6"])
    expect([bed.history.oldest(BASE.channel), bed.history.newest(BASE.channel).offset]).toEqual([3, 6])
  })

  test("[G4] whoever was at its end or further goes on, and whoever was before it is told so", async () => {
    const { bed, positions } = await bedWith(5)
    bed.compact(3)
    await bed.commit()
    const answers = positions.map((position) => bed.history.resume(BASE.channel, position))
    expect(answers.map(({ answer }) => answer)).toEqual(["unrecoverable", "recovered", "recovered", "recovered", "recovered"])
    expect(answers[0]).toMatchObject({ reason: "trimmed" })
    expect(() => bed.read(0)).toThrow(expect.objectContaining({ details: { reason: "trimmed", from: 1, to: 2 } }))
  })

  test("[F99] is what it was, or joined, wherever a crash comes; and can be joined again", async () => {
    const { bed } = await bedWith(4)
    const before = bed.machine.stateHash()
    bed.compact(3)
    bed.machine.discard()
    expect([bed.machine.stateHash(), bed.read(0).length]).toEqual([before, 4])
    bed.compact(3)
    await bed.commit()
    bed.say("m5")
    await bed.commit()
    bed.compact(5)
    await bed.commit()
    expect(bed.read(4)).toEqual(["5 up to 5"])
    expect(new StateMachine(bed.storage).stateHash()).toBe(bed.machine.stateHash())
  })

  test("is refused where the log is another one than was read", async () => {
    const { bed } = await bedWith(4)
    const code = (outcome: Outcome | undefined) => (outcome?.result === "refused" ? outcome.code : outcome?.result)
    expect(code(bed.compact(3, bed.markAt(3) + 1))).toBe("CONFLICT")
    expect(code(bed.compact(3, Number.NaN))).toBe("CONFLICT")
    expect(code(bed.compact(5, 1))).toBe("UNRECOVERABLE")
    expect(code(bed.compact(3, 1, { channel: "note/none" }))).toBe("UNRECOVERABLE")
    bed.compact(3)
    await bed.commit()
    expect(code(bed.compact(2, 1))).toBe("UNRECOVERABLE")
    expect(bed.read(2)).toEqual(["3 up to 3", "4 m4"])
  })

  test("[F99] is refused where messages were changed, which point to each other", async () => {
    const { bed } = await bedWith(4)
    const change = { action: "edit", offset: 2, mark: bed.markAt(2), data: toJsonText("edited"), keep: 0 } as const
    bed.machine.apply({ ...BASE, type: "change", from: "ada", change })
    await bed.commit()
    expect(bed.compact(3)).toEqual({ result: "refused", code: "BAD_REQUEST" })
  })

  test("[G11] joins a bounded number at once", async () => {
    const { bed } = await bedWith(MOST_COMPACTED + 1)
    expect(bed.compact(MOST_COMPACTED + 1)).toEqual({ result: "refused", code: "LIMIT_EXCEEDED" })
    expect(bed.compact(MOST_COMPACTED)).toMatchObject({ result: "stored" })
  })

  test("travels as a record of a broker", () => {
    const entry: Entry = { ...BASE, type: "compact", upTo: 7, mark: markNumber("00000zz"), name: "$update", data: toJsonText("x") }
    const record = { origin: { node: "n", counter: 1 }, entry }
    expect(decodeRecord(encodeRecord(record))).toEqual(record)
  })
})
