import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { decodeRecord, encodeRecord } from "../cluster/record.ts"
import { chunksOf } from "../cluster/snapshot-rows.ts"
import type { Outcome } from "../durable-log.ts"
import type { CommandStep, Entry } from "../entry.ts"
import { History } from "../history.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import type { Applied } from "./applied.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const CHANNEL = "device/7"
const EVERYTHING = { from: "", to: "\u{10ffff}" }
const FORGET_MS = 100_000

class Bed {
  readonly storage: MemoryStorage = memoryStorage()
  machine = new StateMachine(this.storage)
  now = 1_000
  from: string | undefined = "ada"
  #position = 0

  constructor(retention = {}) {
    this.#apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
    this.#apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: FORGET_MS, retention })
  }

  get history(): History {
    return new History(this.storage, "e")
  }

  /** Through the wire, as a broker carries it. */
  #apply(entry: Entry): Applied {
    const record = decodeRecord(encodeRecord({ origin: { node: "n", counter: 1 }, entry }))
    expect(record?.entry).toEqual(entry)
    return this.machine.apply(record?.entry ?? entry)
  }

  step(step: CommandStep): Outcome | undefined {
    const base = { at: this.now, channel: CHANNEL, pattern: "device/:id", from: this.from, ref: undefined }
    return this.#apply({ type: "command", ...base, step }).outcome
  }

  call(id: string, more: Partial<CommandStep & { action: "call" }> = {}): Outcome | undefined {
    const data = toJsonText({ open: true })
    const its = { name: "setValve", data, deadlineMs: 5_000, deliverMs: undefined, reportMs: 2_000, runner: undefined, most: 3, keep: 100 }
    return this.step({ action: "call", id, ...its, ...more })
  }

  report(id: string, state: (CommandStep & { action: "report" })["state"], fence = 1, data?: unknown): Outcome | undefined {
    const text = data === undefined ? undefined : toJsonText(data)
    return this.step({ action: "report", id, state, fence, runner: undefined, data: text, most: 2 })
  }

  /** Serves from now on; returns the fence. */
  serve(fence?: number): number {
    const outcome = this.step({ action: "serve", fence })
    if (outcome?.result !== "stored") throw new Error(JSON.stringify(outcome))
    return fence ?? outcome.position.offset
  }

  async clock(at: number): Promise<readonly unknown[]> {
    this.now = at
    const { expired = [] } = this.#apply({ type: "clock", at })
    await this.commit()
    return expired.map(({ data }) => JSON.parse(data) as unknown)
  }

  async commit(): Promise<void> {
    await this.storage.commit(this.machine.endBatch(++this.#position))
    this.machine.committed()
  }

  async state(id: string): Promise<string | undefined> {
    await this.commit()
    return this.history.command(CHANNEL, id)?.state
  }

  /** What the ledger says, without what each step has in common. */
  async ledger(): Promise<readonly unknown[]> {
    await this.commit()
    const page = this.history.readAfter(CHANNEL, 0, { maxCount: 1_000, maxBytes: 1e9 })
    return page.publications.map(({ data }) => JSON.parse(data) as unknown)
  }
}

const refused = (code: string) => ({ result: "refused", code })

describe("a channel's commands", () => {
  test("[G9] go from queued to done, each step in the ledger, and are remembered as they ended", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    for (const state of ["delivered", "started"] as const) expect(bed.report("c1", state, fence)).toMatchObject({ result: "stored" })
    bed.report("c1", "progress", fence, { percent: 50 })
    bed.report("c1", "done", fence, { open: true })
    expect(await bed.ledger()).toEqual([
      { serving: 1 },
      { command: "c1", state: "queued", name: "setValve", deadline: 6_000, input: { open: true } },
      { command: "c1", state: "delivered", fence: 1 },
      { command: "c1", state: "started", fence: 1 },
      { command: "c1", state: "progress", fence: 1, data: { percent: 50 } },
      { command: "c1", state: "done", fence: 1, data: { open: true } },
    ])
    expect(bed.history.command(CHANNEL, "c1")).toMatchObject({ state: "done", result: '{"open":true}', from: "ada", version: 6 })
    expect(bed.history.openCommands(CHANNEL, 0, 10)).toEqual([])
    // All of it travels in a snapshot.
    expect([...chunksOf(bed.storage.range(EVERYTHING))].length).toBeGreaterThan(0)
  })

  test("[G9] [F114] are called once under an id, however often, and the id belongs to who called", async () => {
    const bed = new Bed()
    const first = bed.call("c1")
    expect(bed.call("c1")).toEqual({ ...first, result: "duplicate" })
    expect(bed.call("c1", { data: toJsonText({ open: false }) })).toEqual(refused("CONFLICT"))
    bed.from = "bob"
    expect(bed.call("c1")).toEqual(refused("CONFLICT"))
    expect(await bed.ledger()).toHaveLength(1)
  })

  test("[G9] [F115] are not begun after their deadline, and expire by the log's time", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    bed.now = 6_000
    expect(bed.report("c1", "delivered", fence)).toEqual(refused("EXPIRED"))
    expect(bed.report("c1", "started", fence)).toEqual(refused("EXPIRED"))
    expect(bed.machine.nextDueAt()).toBe(6_000)
    expect(await bed.clock(6_000)).toEqual([{ command: "c1", state: "expired" }])
    expect(bed.report("c1", "started", fence)).toEqual(refused("CONFLICT"))
    expect(await bed.state("c1")).toBe("expired")
  })

  test("[G9] [F115] end once, whichever of a cancel and a start comes first", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("before")
    bed.step({ action: "cancel", id: "before", anybody: false })
    expect(bed.report("before", "started", fence)).toEqual(refused("CONFLICT"))
    bed.call("after")
    bed.report("after", "started", fence)
    bed.step({ action: "cancel", id: "after", anybody: false })
    expect(await bed.state("after")).toBe("started")
    expect(bed.report("after", "cancelled", fence)).toMatchObject({ result: "stored" })
    expect([await bed.state("before"), await bed.state("after")]).toEqual(["cancelled", "cancelled"])
    expect(bed.report("after", "done", fence)).toEqual(refused("CONFLICT"))
    // Nobody asked for it.
    bed.call("third")
    bed.report("third", "started", fence)
    expect(bed.report("third", "cancelled", fence)).toEqual(refused("CONFLICT"))
  })

  test("are cancelled by who called, and by others who may", async () => {
    const bed = new Bed()
    bed.call("c1")
    bed.from = "bob"
    expect(bed.step({ action: "cancel", id: "c1", anybody: false })).toEqual(refused("FORBIDDEN"))
    expect(bed.step({ action: "cancel", id: "c1", anybody: true })).toMatchObject({ result: "stored" })
    expect(bed.step({ action: "cancel", id: "c1", anybody: true })).toMatchObject({ result: "duplicate" })
    expect(bed.step({ action: "cancel", id: "other", anybody: true })).toEqual(refused("UNRECOVERABLE"))
  })

  test("[G9] [F114] are run by one at a time: whoever served before is heard no more", async () => {
    const bed = new Bed()
    const old = bed.serve()
    bed.call("c1")
    bed.call("c2")
    bed.report("c1", "started", old)
    const fresh = bed.serve()
    for (const state of ["progress", "done", "failed", "indeterminate"] as const) {
      expect(bed.report("c1", state, old, 1)).toEqual(refused("CONFLICT"))
    }
    expect(bed.report("c2", "started", old)).toEqual(refused("CONFLICT"))
    expect(bed.step({ action: "serve", fence: old })).toEqual(refused("CONFLICT"))
    expect(bed.step({ action: "leave", fence: old })).toEqual(refused("CONFLICT"))
    // The next one cannot begin it anew, only say what is known of it.
    expect(bed.report("c1", "started", fresh)).toEqual(refused("CONFLICT"))
    expect(bed.report("c1", "indeterminate", fresh)).toMatchObject({ result: "stored" })
    expect(bed.report("c2", "started", fresh)).toMatchObject({ result: "stored" })
    expect(bed.serve(fresh)).toBe(fresh)
    await bed.commit()
    expect(bed.history.commandCounts(CHANNEL)).toMatchObject({ open: 1, fence: fresh, servedSince: fresh + 3 })
  })

  test("[G9] are served until the link that came last leaves, under whatever fence the ones before it do", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    const back = bed.step({ action: "serve", fence })
    expect(bed.step({ action: "leave", fence, since: fence })).toEqual(refused("CONFLICT"))
    await bed.commit()
    const since = back?.result === "stored" ? back.position.offset : 0
    expect(bed.history.commandCounts(CHANNEL)).toMatchObject({ fence, servedSince: since })
    expect(bed.step({ action: "leave", fence, since })).toMatchObject({ result: "stored" })
    expect(bed.step({ action: "leave", fence, since })).toEqual(refused("CONFLICT"))
    await bed.commit()
    expect(bed.history.commandCounts(CHANNEL)).toMatchObject({ fence, servedSince: 0 })
  })

  test("[G9] take a report that is said again for the one that it is", () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    bed.report("c1", "started", fence)
    expect(bed.report("c1", "started", fence)).toMatchObject({ result: "duplicate" })
    expect(bed.report("c1", "delivered", fence)).toMatchObject({ result: "duplicate" })
    bed.report("c1", "done", fence, 1)
    expect(bed.report("c1", "done", fence, 1)).toMatchObject({ result: "duplicate" })
    expect(bed.report("c1", "done", fence, 2)).toEqual(refused("CONFLICT"))
    expect(bed.report("c1", "failed", fence, 1)).toEqual(refused("CONFLICT"))
  })

  test("[G9] are indeterminate where whoever began one never says how it ended", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    bed.report("c1", "started", fence)
    expect(await bed.clock(7_999)).toEqual([])
    expect(await bed.clock(8_000)).toEqual([{ command: "c1", state: "indeterminate" }])
    expect(bed.report("c1", "done", fence, 1)).toEqual(refused("CONFLICT"))
  })

  test("[G9] a call that came too late uses its id up: no earlier try that comes later is executed", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    expect(bed.call("c1", { deadlineMs: 0 })).toMatchObject({ result: "stored" })
    expect(bed.call("c1")).toMatchObject({ result: "duplicate" })
    expect(bed.report("c1", "started", fence)).toEqual(refused("CONFLICT"))
    expect(await bed.state("c1")).toBe("expired")
    expect(bed.history.commandCounts(CHANNEL).open).toBe(0)
  })

  test("are refused at once where nobody serves and the contract wants that, and expire soon where nobody takes them", async () => {
    const bed = new Bed()
    expect(bed.call("c1", { deliverMs: 500 })).toEqual(refused("UNAVAILABLE"))
    const fence = bed.serve()
    bed.call("c2", { deliverMs: 500 })
    bed.call("c3", { deliverMs: 500 })
    bed.report("c2", "delivered", fence)
    expect(await bed.clock(1_500)).toEqual([{ command: "c3", state: "expired" }])
    expect(await bed.state("c2")).toBe("delivered")
    bed.step({ action: "leave", fence })
    expect(bed.call("c4", { deliverMs: 500 })).toEqual(refused("UNAVAILABLE"))
    expect(bed.step({ action: "leave", fence })).toEqual(refused("CONFLICT"))
  })

  test("are begun at once where a server runs them itself, and only it says what became of them", async () => {
    const bed = new Bed()
    bed.call("c1", { runner: "a" })
    expect(await bed.state("c1")).toBe("started")
    const done = { action: "report", id: "c1", state: "done", fence: undefined, data: toJsonText(1), most: 2 } as const
    expect(bed.step({ ...done, runner: "b" })).toEqual(refused("CONFLICT"))
    expect(bed.step({ ...done, runner: "a" })).toMatchObject({ result: "stored" })
    expect(bed.step({ ...done, runner: "a" })).toMatchObject({ result: "duplicate" })
  })

  test("are bounded, and so is what is told of one", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    for (const id of ["c1", "c2", "c3"]) bed.call(id)
    expect(bed.call("c4")).toEqual(refused("LIMIT_EXCEEDED"))
    bed.report("c1", "started", fence)
    for (const percent of [1, 2]) bed.report("c1", "progress", fence, percent)
    expect(bed.report("c1", "progress", fence, 3)).toEqual(refused("LIMIT_EXCEEDED"))
    bed.report("c1", "done", fence)
    expect(bed.call("c4")).toMatchObject({ result: "stored" })
    await bed.commit()
    expect(bed.history.openCommands(CHANNEL, 0, 10).map(({ id }) => id)).toEqual(["c2", "c3", "c4"])
    expect(bed.history.openCommands(CHANNEL, 3, 1).map(({ id }) => id)).toEqual(["c3"])
  })

  test("that have ended are forgotten when sequences are, and leave nothing behind but their ledger", async () => {
    const bed = new Bed({ "device/:id": { maxCount: 2, maxAgeMs: Number.POSITIVE_INFINITY } })
    const fence = bed.serve()
    bed.call("c1")
    bed.report("c1", "started", fence)
    bed.report("c1", "done", fence, 1)
    await bed.clock(1_000 + FORGET_MS - 1)
    expect(await bed.state("c1")).toBe("done")
    await bed.clock(1_000 + FORGET_MS)
    expect(await bed.state("c1")).toBeUndefined()
    const left = [...bed.storage.range(EVERYTHING)].map(({ key }) => key.slice(0, 2))
    expect(left.filter((kind) => ["y/", "z/", "d/", "h/"].includes(kind))).toEqual([])
    expect(left.filter((kind) => kind === "m/")).toHaveLength(2)
    // Now it is another command.
    expect(bed.call("c1")).toMatchObject({ result: "stored" })
  })

  test("[G11] that have ended are remembered without their input, and only so many of them: the first that ended leave first", async () => {
    const bed = new Bed({ "device/:id": { maxCount: 1, maxAgeMs: Number.POSITIVE_INFINITY } })
    const data = toJsonText("x".repeat(10_000))
    const keysOf = (kind: string) => [...bed.storage.range(EVERYTHING)].filter(({ key }) => key.startsWith(kind)).length
    for (let number = 1; number <= 20; number++) bed.call(`c${number}`, { deadlineMs: 0, data, keep: 5 })
    bed.call("last", { keep: 5 })
    await bed.commit()
    expect(["y/", "h/", "d/"].map(keysOf)).toEqual([6, 5, 6])
    expect([await bed.state("c15"), await bed.state("c16")]).toEqual([undefined, "expired"])
    const bytes = [...bed.storage.range(EVERYTHING)].reduce((sum, { key, value }) => sum + (key.startsWith("y/") ? value.length : 0), 0)
    expect(bytes).toBeLessThan(data.length)
    // One that is remembered is still the same command, and one of another input is not.
    expect(bed.call("c16", { data })).toMatchObject({ result: "duplicate" })
    expect(bed.call("c16")).toEqual(refused("CONFLICT"))
    expect(bed.history.command(CHANNEL, "last")?.input).toBe('{"open":true}')
  })

  test("[G11] a smaller cap is reached by and by, whatever time has forgotten before", async () => {
    const bed = new Bed()
    for (let number = 1; number <= 10; number++) {
      bed.now = 1_000 + number
      bed.call(`c${number}`, { deadlineMs: 0 })
    }
    // The first four are forgotten by time.
    await bed.clock(1_004 + FORGET_MS)
    const known = async () => {
      await bed.commit()
      return [...bed.storage.range(EVERYTHING)].filter(({ key }) => key.startsWith("h/")).length
    }
    expect(await known()).toBe(6)
    for (let number = 1; number <= 10; number++) bed.call(`d${number}`, { deadlineMs: 0, keep: 3 })
    expect(await known()).toBe(3)
    expect([await bed.state("d7"), await bed.state("d8")]).toEqual([undefined, "expired"])
  })

  test("[G11] a report of progress counts also where its command was asked to end, and has data", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    bed.report("c1", "started", fence)
    expect(bed.report("c1", "progress", fence)).toEqual(refused("BAD_REQUEST"))
    bed.report("c1", "progress", fence, 1)
    bed.step({ action: "cancel", id: "c1", anybody: false })
    expect(await bed.state("c1")).toBe("progress")
    expect(bed.history.command(CHANNEL, "c1")).toMatchObject({ reports: 1, isCancelled: true })
  })

  test("[G1] go on from what is stored where the process is another one", async () => {
    const bed = new Bed()
    const fence = bed.serve()
    bed.call("c1")
    bed.report("c1", "started", fence)
    await bed.commit()
    bed.machine = new StateMachine(bed.storage)
    expect(bed.report("c1", "done", fence, 1)).toMatchObject({ result: "stored" })
    expect(bed.call("c1")).toMatchObject({ result: "duplicate" })
    expect(await bed.state("c1")).toBe("done")
  })
})
