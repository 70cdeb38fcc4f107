import { CHANGE, type JsonText, MOST_REACTIONS, parseDown, READ, storedMessageText, toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { chunksOf, importRows } from "../cluster/snapshot-rows.ts"
import type { Outcome } from "../durable-log.ts"
import type { Change, Entry } from "../entry.ts"
import { History } from "../history.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import type { Applied } from "./applied.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const ALL = { maxCount: 10_000, maxBytes: 10_000_000 }
const BASE = { at: 1_000, channel: "c", pattern: "p", from: "ada" } as const

/** A machine, what it has stored, and the marks of its messages. */
class Bed {
  readonly storage: MemoryStorage = memoryStorage()
  readonly machine = new StateMachine(this.storage)
  #position = 0

  constructor(maxCount = 100) {
    const retention = { p: { maxCount, maxAgeMs: 60_000 } }
    this.machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
    this.machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: 10_000, retention })
  }

  get history(): History {
    return new History(this.storage, "e")
  }

  say(text: string): Applied {
    return this.machine.apply({ ...BASE, type: "publish", name: "say", data: toJsonText({ text }) })
  }

  change(offset: number, change: Record<string, unknown>, sender: Partial<Entry> = {}): Outcome | undefined {
    const mark = this.#mark(offset)
    const caps = { keep: 3, most: 3, maxBytes: 10_000, erase: false }
    return this.machine.apply({
      ...BASE,
      type: "change",
      ...sender,
      change: { offset, mark, ...caps, ...change } as unknown as Change,
    } as Entry).outcome
  }

  async commit(): Promise<void> {
    await this.storage.commit(this.machine.endBatch(++this.#position))
    this.machine.committed()
  }

  rows(): readonly string[] {
    return [...this.storage.range({ from: "", to: "\u{10ffff}" })].map(({ key }) => key)
  }

  /** What is committed or not, a publish is followed by its mark. */
  #mark(offset: number): number {
    return this.#marks.get(offset) ?? 0
  }

  readonly #marks = new Map<number, number>()

  said(text: string): number {
    const { outcome } = this.say(text)
    if (outcome?.result !== "stored") throw new Error("not stored")
    this.#marks.set(outcome.position.offset, Number.parseInt(outcome.position.mark ?? "", 36))
    return outcome.position.offset
  }
}

const edit = (text: string) => ({ action: "edit", data: toJsonText({ text }) })
const append = (text: string) => ({ action: "append", field: "text", data: toJsonText(text) })
const textOf = (data: JsonText | undefined): unknown => JSON.parse(data ?? "{}").text

describe("a message that changes", () => {
  test("[G3] takes an offset for each change and stands in history once, as it is now", async () => {
    const bed = new Bed()
    const offset = bed.said("helo")
    bed.said("other")
    expect(bed.change(offset, edit("hello"))).toMatchObject({ result: "stored", position: { offset: 3 } })
    expect(bed.change(offset, append(", world"))).toMatchObject({ result: "stored", position: { offset: 4 } })
    await bed.commit()
    const { publications } = bed.history.readBefore("c", 10, ALL)
    expect(publications.map(({ data }) => textOf(data))).toEqual(["hello, world", "other"])
    expect(JSON.parse(publications[0]?.changed ?? "")).toEqual({
      version: 4,
      edited: { at: 1_000, by: "ada", count: 1 },
      appended: { at: 1_000, by: "ada", count: 1 },
    })
  })

  test("[G4] is given to whoever was not told of it as it is now, in one step behind the offset that he had", async () => {
    const bed = new Bed()
    const offset = bed.said("")
    for (let token = 0; token < 50; token++) bed.change(offset, append("x"))
    bed.said("next")
    await bed.commit()
    const { publications, more } = bed.history.readAfter("c", 7, ALL)
    expect(publications.map((each) => [each.offset, each.since, each.name])).toEqual([
      [51, 7, CHANGE],
      [52, undefined, "say"],
    ])
    expect(more).toBe(false)
    const { action, record } = JSON.parse(publications[0]?.data ?? "")
    expect([action, record.offset, record.data.text, record.changed.version]).toEqual(["changed", 1, "x".repeat(50), 51])
  })

  test("pushes out no other message, however often it changes, and leaves two rows", async () => {
    const bed = new Bed(10)
    const offsets = Array.from({ length: 10 }, (_, index) => bed.said(`${index}`))
    for (let token = 0; token < 1_000; token++) bed.change(offsets[9] ?? 0, append("x"))
    await bed.commit()
    expect(bed.history.readBefore("c", 5_000, ALL).publications).toHaveLength(10)
    expect(bed.rows().filter((key) => key.startsWith("m/"))).toHaveLength(11)
    for (let index = 0; index < 9; index++) bed.said("later")
    await bed.commit()
    const kept = bed.history.readBefore("c", 5_000, ALL).publications
    expect([kept.length, textOf(kept[0]?.data)]).toEqual([10, `9${"x".repeat(1_000)}`])
    bed.said("and one more")
    await bed.commit()
    expect(bed.history.readBefore("c", 5_000, ALL).publications).toHaveLength(10)
    expect(bed.history.resume("c", { epoch: "e", offset: 500 })).toMatchObject({ answer: "unrecoverable", reason: "trimmed" })
    expect(bed.history.readAfter("c", 1_009, ALL).publications[0]).toMatchObject({ offset: 1_010, data: '{"action":"gone","offset":10}' })
  })

  test("keeps what it said before, the newest of that, and none of it once it is erased", async () => {
    const bed = new Bed()
    const offset = bed.said("1")
    for (const text of ["2", "3", "4", "5"]) bed.change(offset, edit(text))
    await bed.commit()
    expect(bed.history.versions("c", offset).map(({ version, by, data }) => [version, by, textOf(data)])).toEqual([
      [2, "ada", "2"],
      [3, "ada", "3"],
      [4, "ada", "4"],
    ])
    bed.change(offset, { action: "react", reaction: "👍" })
    bed.change(offset, { action: "delete", erase: true })
    await bed.commit()
    expect(bed.history.versions("c", offset)).toEqual([])
    expect(bed.history.find("c", offset)).toMatchObject({ data: "null", changes: { version: 7, kept: [] } })
    expect(bed.rows().filter((key) => /^[er]\//.test(key))).toEqual([])
    expect(Buffer.concat([...bed.storage.range({ from: "", to: "\u{10ffff}" })].map(({ value }) => value)).toString()).not.toContain(
      '"text"',
    )
  })

  test("is deleted once: then it cannot be changed, deleting it again changes nothing, and erasing it still does", async () => {
    const bed = new Bed()
    const offset = bed.said("secret")
    expect(bed.change(offset, { action: "delete" })).toMatchObject({ result: "stored", position: { offset: 2 } })
    expect(bed.change(offset, edit("again"))).toEqual({ result: "refused", code: "CONFLICT" })
    expect(bed.change(offset, { action: "delete" })).toMatchObject({ result: "duplicate", position: { offset: 2 } })
    await bed.commit()
    expect(bed.history.versions("c", offset).map(({ data }) => textOf(data))).toEqual(["secret"])
    expect(bed.change(offset, { action: "delete", erase: true })).toMatchObject({ result: "stored" })
    await bed.commit()
    expect(bed.history.versions("c", offset)).toEqual([])
    expect(bed.history.readBefore("c", 10, ALL).publications[0]).toMatchObject({ name: "$deleted", data: '{"name":"say"}' })
  })

  test.each([
    ["another message stands at that offset", { mark: 1 }, "UNRECOVERABLE"],
    ["no message stands there", { offset: 9 }, "UNRECOVERABLE"],
    ["a change stands there", { offset: 2 }, "UNRECOVERABLE"],
    ["the field holds another kind of value", { field: "none" }, "BAD_REQUEST"],
    ["it would be longer than its log allows", { maxBytes: 10 }, "TOO_LARGE"],
  ])("[G11] is not changed where %s", (_why, wrong, code) => {
    const bed = new Bed()
    const offset = bed.said("a")
    bed.change(offset, append("b"))
    expect(bed.change(offset, { ...append("c"), ...wrong })).toEqual({ result: "refused", code })
  })

  test("[G2] changes once under one sequence, and a refusal uses that up", () => {
    const bed = new Bed()
    const offset = bed.said("a")
    const first = { producer: "p", sequence: 1 }
    expect(bed.change(offset, append("b"), first)).toMatchObject({ result: "stored", position: { offset: 2 } })
    expect(bed.change(offset, append("b"), first)).toMatchObject({ result: "duplicate", position: { offset: 2 } })
    expect(bed.change(offset, append("c"), first)).toEqual({ result: "conflict" })
    expect(bed.change(offset, { ...append("c"), maxBytes: 1 }, { producer: "p", sequence: 2 })).toEqual({
      result: "refused",
      code: "TOO_LARGE",
    })
    expect(bed.change(offset, append("d"), { producer: "p", sequence: 3 })).toMatchObject({ result: "stored", position: { offset: 3 } })
  })

  test("counts who reacted, each user once, up to a number that the log says", async () => {
    const bed = new Bed()
    const offset = bed.said("a")
    for (const from of ["ada", "bob", "ada"]) bed.change(offset, { action: "react", reaction: "👍" }, { from } as Partial<Entry>)
    bed.change(offset, { action: "react", reaction: "🎉" }, { from: "bob" } as Partial<Entry>)
    expect(bed.change(offset, { action: "react", reaction: "🎉" }, { from: "eve" } as Partial<Entry>)).toEqual({
      result: "refused",
      code: "LIMIT_EXCEEDED",
    })
    bed.change(offset, { action: "unreact", reaction: "👍" }, { from: "ada" } as Partial<Entry>)
    await bed.commit()
    const [message] = bed.history.readBefore("c", 10, ALL).publications
    expect(JSON.parse(message?.changed ?? "").reactions).toEqual([
      { name: "👍", count: 1, users: ["bob"] },
      { name: "🎉", count: 1, users: ["bob"] },
    ])
  })

  test("[G11] has so many names of reactions that a message of the protocol can carry them, whoever gives them", async () => {
    const bed = new Bed()
    const offset = bed.said("a")
    const react = (reaction: string) => bed.change(offset, { action: "react", reaction, most: 1_000 })
    for (let index = 0; index < MOST_REACTIONS; index++) expect(react(`${index}`)).toMatchObject({ result: "stored" })
    expect(react("one more")).toEqual({ result: "refused", code: "LIMIT_EXCEEDED" })
    bed.change(offset, { action: "unreact", reaction: "7" })
    expect(react("one more")).toMatchObject({ result: "stored" })
    await bed.commit()
    const page = bed.history.readBefore("c", 200, ALL)
    const messages = page.publications.map((publication) => JSON.parse(storedMessageText(publication)) as unknown)
    const told = { type: "history", channel: "c", messages, more: false, position: { epoch: "e", offset: 102 } }
    expect(parseDown(told)).toMatchObject({ messages: [{ changed: { reactions: { length: MOST_REACTIONS } } }] })
  })
})

describe("a receipt", () => {
  test("is one a user, the newest place wins, and pushes out no message", async () => {
    const bed = new Bed(3)
    for (const text of ["a", "b", "c"]) bed.said(text)
    const read = (upTo: number, from: string) => bed.change(upTo, { action: "read" }, { from } as Partial<Entry>)
    for (let upTo = 1; upTo <= 3; upTo++) read(upTo, "ada")
    expect(read(2, "ada")).toMatchObject({ result: "duplicate", position: { offset: 6 } })
    read(1, "bob")
    expect(read(99, "bob")).toEqual({ result: "refused", code: "CONFLICT" })
    await bed.commit()
    expect(bed.history.receipts("c", "", 10)).toEqual([
      { user: "ada", upTo: 3, at: 1_000 },
      { user: "bob", upTo: 1, at: 1_000 },
    ])
    const after = bed.history.readAfter("c", 3, ALL).publications
    expect(after.map(({ offset, since, name, from, data }) => [offset, since, name, from, data])).toEqual([
      [6, 3, READ, "ada", '{"upTo":3}'],
      [7, undefined, READ, "bob", '{"upTo":1}'],
    ])
    expect(bed.history.readBefore("c", 99, ALL).publications).toHaveLength(3)
  })
})

describe("a channel with changes", () => {
  test("goes into a snapshot whole, and one with a row missing does not", async () => {
    const bed = new Bed()
    const offset = bed.said("a")
    for (let index = 0; index < 5; index++) bed.change(offset, edit(`${index}`))
    await bed.commit()
    const rows = [...bed.storage.range({ from: "", to: "\u{10ffff}" })]
    const copy = memoryStorage()
    const chunks = (async function* () {
      yield* chunksOf(rows)
    })()
    const { position, committedHash: hash } = bed.machine
    await importRows({ partition: 1, position, hash, chunks } as never, copy, APPLY_VERSION)
    expect(new History(copy, "e").readAfter("c", 0, ALL)).toEqual(bed.history.readAfter("c", 0, ALL))
    expect(() => [...chunksOf(rows.filter(({ key }) => !key.startsWith("m/1116")))]).toThrow("messages are missing")
  })
})
