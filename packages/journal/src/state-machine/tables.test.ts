import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { chunksOf } from "../cluster/snapshot-rows.ts"
import type { Outcome } from "../durable-log.ts"
import type { Entry, RowWrite } from "../entry.ts"
import { History } from "../history.ts"
import { rowKey } from "../rows/keys.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import type { Storage } from "../storage/storage.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"
import { GONE_REMEMBERED } from "./tables.ts"

const ALL = { maxCount: 10_000, maxBytes: 10_000_000 }
const EVERYTHING = { from: "", to: "\u{10ffff}" }
const BASE = { at: 1_000, channel: "quotes", pattern: "p", from: "ada" } as const
const CAPS = { most: 2_000, maxBytes: 1_000 }

class Bed {
  readonly storage: MemoryStorage = memoryStorage()
  readonly machine = new StateMachine(this.storage)
  #position = 0

  constructor() {
    this.machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
    this.machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: 10_000, retention: {} })
  }

  get history(): History {
    return new History(this.storage, "e")
  }

  write(write: Partial<RowWrite>): Outcome | undefined {
    return this.machine.apply({ ...BASE, type: "row", write: { ...CAPS, ...write } as RowWrite } as Entry).outcome
  }

  set(key: string, data: unknown): Outcome | undefined {
    return this.write({ action: "set", key, data: toJsonText(data) })
  }

  delete(key: string): Outcome | undefined {
    return this.write({ action: "delete", key })
  }

  say(): Outcome | undefined {
    return this.machine.apply({ ...BASE, type: "publish", name: "say", data: toJsonText(1) }).outcome
  }

  async commit(): Promise<void> {
    await this.storage.commit(this.machine.endBatch(++this.#position))
    this.machine.committed()
  }
}

describe("a table", () => {
  test("[G4] remembers so many of the rows that left, and calls a position from before them worth nothing", async () => {
    const bed = new Bed()
    for (let index = 0; index <= GONE_REMEMBERED; index++) bed.set(`k${index}`, index)
    const full = bed.machine.stateHash()
    // One that comes back is no longer one that left.
    bed.delete("k0")
    bed.set("k0", "again")
    for (let index = 1; index < GONE_REMEMBERED; index++) bed.delete(`k${index}`)
    await bed.commit()
    const before = { epoch: "e", offset: GONE_REMEMBERED + 1 }
    expect(bed.history.resume("quotes", before).answer).toBe("recovered")
    bed.delete("k0")
    await bed.commit()
    expect(bed.history.resume("quotes", before).answer).toBe("recovered")
    bed.delete(`k${GONE_REMEMBERED}`)
    await bed.commit()
    expect(bed.history.resume("quotes", before)).toMatchObject({ answer: "unrecoverable", reason: "trimmed" })
    const since = { epoch: "e", offset: GONE_REMEMBERED + 4 }
    expect(bed.history.resume("quotes", since).answer).toBe("recovered")
    const { rows } = bed.history.readRows("quotes", since.offset, ALL)
    expect(rows.map(({ data }) => data)).toEqual(Array.from({ length: GONE_REMEMBERED }, () => undefined))
    expect(bed.machine.stateHash()).not.toBe(full)
    expect(() => [...chunksOf(bed.storage.range(EVERYTHING))]).not.toThrow()
  })

  test("[G1] knows a retry also where another node has other settings", () => {
    const bed = new Bed()
    const write = { action: "set", key: "a", data: toJsonText(1), ...CAPS } as const
    const sent = { ...BASE, type: "row", producer: "ada", sequence: 1 } as const
    expect(bed.machine.apply({ ...sent, write: { ...write, ttlMs: 1_000 } }).outcome).toMatchObject({ result: "stored" })
    const elsewhere = { ...write, most: 7, maxBytes: 7, ttlMs: 2_000 }
    expect(bed.machine.apply({ ...sent, write: elsewhere }).outcome).toMatchObject({ result: "duplicate" })
    expect(bed.machine.apply({ ...sent, write: { ...elsewhere, ttlMs: undefined } }).outcome).toMatchObject({ result: "duplicate" })
    expect(bed.machine.apply({ ...sent, write: { ...write, data: toJsonText(2) } }).outcome).toMatchObject({ result: "conflict" })
  })

  test("[G4] gives a few rows that are wanted in their order, and looks at no others", async () => {
    const bed = new Bed()
    for (let index = 0; index < 500; index++) bed.set(`k${index}`, index)
    bed.set("k7", "again")
    bed.delete("k9")
    await bed.commit()
    const asked: string[] = []
    const storage: Storage = {
      ...bed.storage,
      get(key) {
        asked.push(key)
        return bed.storage.get(key)
      },
      range: () => expect.unreachable("the index is not looked at"),
    }
    const wanted = new Set(["k7", "none", "k9", "k300"])
    const page = (offset: number, maxCount: number) => new History(storage, "e").readRows("quotes", offset, { ...ALL, maxCount }, wanted)
    const all = page(0, 10)
    expect(all.rows.map(({ key, data }) => [key, data])).toEqual([
      ["k300", "300"],
      ["k7", '"again"'],
      ["k9", undefined],
    ])
    expect([all.position.offset, all.more, asked.length]).toEqual([502, false, 1 + wanted.size])
    const first = bed.history.readRows("quotes", 300, { maxCount: 4, maxBytes: 1 }, wanted)
    expect([first.rows.map(({ key }) => key), first.more, first.position.offset]).toEqual([["k300"], true, 301])
    expect(bed.history.resume("quotes", first.position).answer).toBe("recovered")
    expect(page(301, 10).rows.map(({ key }) => key)).toEqual(["k7", "k9"])
  })

  test("keeps nothing of a row's earlier values", async () => {
    const [once, often] = [new Bed(), new Bed()]
    once.set("k", { bid: 9, ask: 1 })
    for (let bid = 0; bid < 10; bid++) often.set("k", { bid, ask: 1 })
    await Promise.all([once.commit(), often.commit()])
    const keys = (bed: Bed) => [...bed.storage.range(EVERYTHING)].length
    expect(keys(often)).toBe(keys(once))
    expect(often.history.row("quotes", "k")).toMatchObject({ base: 1, fields: [["bid", 10]], count: 10, data: '{"bid":9,"ask":1}' })
  })

  test("is the same however its writes were cut into batches", async () => {
    const [whole, cut] = [new Bed(), new Bed()]
    for (const bed of [whole, cut]) {
      for (let index = 0; index < 30; index++) {
        bed.set(`k${index % 4}`, { index, same: 1 })
        if (index % 5 === 0) bed.delete(`k${(index + 1) % 4}`)
        if (bed === cut) await bed.commit()
      }
      await bed.commit()
    }
    expect(cut.machine.stateHash()).toBe(whole.machine.stateHash())
    expect(cut.history.readRows("quotes", 0, ALL)).toEqual(whole.history.readRows("quotes", 0, ALL))
  })

  test("is no stream: what was written as the one is not written to as the other", async () => {
    const [table, stream] = [new Bed(), new Bed()]
    table.set("k", 1)
    expect(table.say()).toEqual({ result: "refused", code: "BAD_REQUEST" })
    stream.say()
    expect(stream.set("k", 1)).toEqual({ result: "refused", code: "BAD_REQUEST" })
  })

  test("[F107] says so where one of its rows is damaged, and gives no snapshot of itself", async () => {
    const bed = new Bed()
    bed.set("a", 1)
    bed.set("b", 2)
    await bed.commit()
    await bed.storage.commit([{ put: rowKey(1, "b"), value: new Uint8Array([1, 2, 3, 4, 5]) }])
    expect(() => bed.history.readRows("quotes", 0, ALL)).toThrow("UNRECOVERABLE")
    expect(() => bed.history.row("quotes", "b")).toThrow("UNRECOVERABLE")
    expect(bed.history.row("quotes", "a")).toMatchObject({ data: "1", version: 1 })
    expect(() => [...chunksOf(bed.storage.range(EVERYTHING))]).toThrow("damaged")
  })
})
