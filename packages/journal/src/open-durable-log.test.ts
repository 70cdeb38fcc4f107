import { type JsonText, toJsonText } from "@magpie/protocol"
import { type FakeEnv, fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import type { DurableLog, DurableLogSettings, Outcome, PublishRequest } from "./durable-log.ts"
import { embeddedJournal } from "./embedded-journal.ts"
import { openDurableLog } from "./open-durable-log.ts"
import { channelKey, messageKey, messagePrefix } from "./rows/keys.ts"
import { type MemoryStorage, memoryStorage } from "./storage/memory-storage.ts"

const HOUR = 3_600_000
const SETTINGS: DurableLogSettings = {
  retention: { "chat/:room": { maxCount: 1_000, maxAgeMs: 48 * HOUR } },
  deduplicationMs: 24 * HOUR,
}
const PAGE = { maxCount: 100, maxBytes: 1_000_000 }

const text = (value: unknown): JsonText => toJsonText(value)
const message = (data: unknown, more: Partial<PublishRequest> = {}): PublishRequest => ({
  channel: "chat/lobby",
  pattern: "chat/:room",
  name: "say",
  data: text(data),
  ...more,
})
const numbered = (sequence: number, data: unknown = sequence): PublishRequest => message(data, { producer: "ada", sequence })

interface Opened {
  readonly env: FakeEnv
  readonly storage: MemoryStorage
  readonly log: DurableLog
}

async function opened(over: { env?: FakeEnv; storage?: MemoryStorage; settings?: DurableLogSettings } = {}): Promise<Opened> {
  const env = over.env ?? fakeEnv()
  const storage = over.storage ?? memoryStorage()
  const opening = openDurableLog({ storage, env, settings: over.settings ?? SETTINGS })
  opening.catch(() => {})
  await env.clock.settle()
  return { env, storage, log: await opening }
}

async function settled<T>(env: FakeEnv, promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  await env.clock.settle()
  return promise
}

async function publish({ env, log }: Opened, ...requests: PublishRequest[]): Promise<Outcome[]> {
  return settled(env, Promise.all(requests.map((request) => log.publish(request))))
}

const REFUSAL = { channel: "chat/lobby", pattern: "chat/:room", producer: "ada", sequence: 1, code: "FORBIDDEN" } as const

const datas = (log: DurableLog, offset = 0): unknown[] =>
  log.readAfter("chat/lobby", offset, PAGE).publications.map(({ data }) => JSON.parse(data) as unknown)
const offsets = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((outcome) => ("position" in outcome ? outcome.position.offset : outcome.result))

async function reopened({ env, storage, log }: Opened, settings = SETTINGS, incarnation = "memory"): Promise<Opened> {
  await settled(env, log.close())
  return opened({ env, storage: storage.crash({ incarnation }), settings })
}

describe("a durable log", () => {
  test("[G3] numbers a channel's messages from 1 without a hole and reads them back as they were", async () => {
    const world = await opened()
    const outcomes = await publish(world, message("a", { from: "ada", ref: "r1" }), message({ b: "鵲橋" }), message(3))
    expect(offsets(outcomes)).toEqual([1, 2, 3])
    const { publications, more } = world.log.readAfter("chat/lobby", 0, PAGE)
    expect(more).toBe(false)
    expect(publications[0]).toMatchObject({ channel: "chat/lobby", offset: 1, name: "say", data: '"a"', from: "ada", ref: "r1" })
    expect(datas(world.log)).toEqual(["a", { b: "鵲橋" }, 3])
    expect(world.log.newest("chat/lobby")).toEqual(outcomes[2]?.result === "stored" && outcomes[2].position)
    expect(world.log.newest("chat/other")).toMatchObject({ offset: 0 })
  })

  test("[G1] resolves only when durable, right after telling of the whole batch", async () => {
    const env = fakeEnv()
    const storage = memoryStorage({ env, commitDelayMs: 10 })
    const opening = openDurableLog({ storage, env, settings: SETTINGS })
    await env.clock.advance(100)
    const log = await opening
    const events: string[] = []
    log.onApplied((publications) => {
      events.push(`applied ${publications.map(({ offset }) => offset).join()}`)
      expect(log.newest("chat/lobby").offset).toBe(2)
    })
    void log.publish(message("a")).then(() => events.push("first"))
    void log.publish(message("b")).then(() => events.push("second"))
    await env.clock.advance(9)
    expect(events).toEqual([])
    expect(log.newest("chat/lobby").offset).toBe(0)
    await env.clock.advance(1)
    expect(events).toEqual(["applied 1,2", "first", "second"])
  })

  test("[F104] keeps in a crash what was acknowledged, and nothing of a batch under way", async () => {
    const world = await opened()
    await publish(world, numbered(1))
    void world.log.publish(numbered(2))
    const after = await opened({ env: world.env, storage: world.storage.crash() })
    expect(datas(after.log)).toEqual([1])
    expect(offsets(await publish(after, numbered(1), numbered(2)))).toEqual([1, 2])
  })

  test("[F51] [F52] gives a repeated sequence its original position, also after a restart", async () => {
    const world = await opened()
    const [first] = await publish(world, numbered(1), numbered(2))
    const again = await reopened(world)
    const repeated = await publish(again, numbered(1), numbered(2), numbered(3))
    expect(repeated[0]).toEqual({ ...first, result: "duplicate" })
    expect(repeated.map(({ result }) => result)).toEqual(["duplicate", "duplicate", "stored"])
    expect(datas(again.log)).toEqual([1, 2, 3])
  })

  test("[G2] tells a sequence with other content from a repetition", async () => {
    const world = await opened()
    await publish(world, numbered(1, "a"))
    expect(await publish(world, numbered(1, "b"))).toEqual([{ result: "conflict" }])
    expect(datas(world.log)).toEqual(["a"])
  })

  test("[G3] refuses a sequence after a gap and names the one it waits for", async () => {
    const world = await opened()
    expect(await publish(world, numbered(2))).toEqual([{ result: "out-of-order", expected: 1 }])
    await publish(world, numbered(1))
    expect(await publish(world, numbered(3))).toEqual([{ result: "out-of-order", expected: 2 }])
    expect(world.log.newest("chat/lobby").offset).toBe(1)
  })

  test("[G2] uses up a refused sequence, so that the next is in order and the same is refused again", async () => {
    const world = await opened()
    await publish(world, numbered(1))
    const refusal = { ...REFUSAL, sequence: 2 }
    expect(await settled(world.env, world.log.refuse(refusal))).toEqual({ result: "refused", code: "FORBIDDEN" })
    const again = await reopened(world)
    expect(await publish(again, numbered(2))).toEqual([{ result: "refused", code: "FORBIDDEN" }])
    expect(await settled(again.env, again.log.refuse(refusal))).toEqual({ result: "refused", code: "FORBIDDEN" })
    expect(offsets(await publish(again, numbered(3)))).toEqual([2])
    expect(await settled(again.env, again.log.refuse({ ...refusal, sequence: 3 }))).toMatchObject({ result: "duplicate" })
  })

  test("[G2][G11] remembers a refusal of a producer that is unknown on the channel, over a restart and without beginning the channel", async () => {
    const world = await opened()
    const refused = { result: "refused", code: "FORBIDDEN" }
    const refuse = (sequence: number) => settled(world.env, world.log.refuse({ ...REFUSAL, sequence }))
    expect(await refuse(1)).toEqual(refused)
    expect(await refuse(7)).toEqual({ result: "out-of-order", expected: 2 })
    expect([...world.storage.range({ from: "c/", to: "c/z" })]).toEqual([])
    const again = await reopened(world)
    // A broker that lands the first try late lands it behind the refusal.
    expect(await publish(again, numbered(1))).toEqual([refused])
    expect(offsets(await publish(again, numbered(2)))).toEqual([1])
    expect(await publish(again, numbered(1))).toEqual([refused])
    expect([...again.storage.range({ from: "f/", to: "f/z" })]).toEqual([])
  })

  test("[G2] remembers idempotency keys with their position; a sequence wins over a key", async () => {
    const world = await opened()
    const [stored] = await publish(world, message("a", { key: "k" }))
    expect(await publish(world, message("a", { key: "k" }))).toEqual([{ ...stored, result: "duplicate" }])
    expect(await publish(world, message("b", { key: "k" }))).toEqual([{ result: "conflict" }])
    expect(offsets(await publish(world, { ...numbered(1), key: "k" }))).toEqual([2])
  })

  test("[F52] remembers sequences and keys for the window, then says expired", async () => {
    const world = await opened()
    await publish(world, numbered(1), numbered(2), message("k", { key: "k" }))
    await world.env.clock.advance(24 * HOUR - 1_000)
    expect((await publish(world, numbered(1), message("k", { key: "k" }))).map(({ result }) => result)).toEqual(["duplicate", "duplicate"])
    await world.env.clock.advance(2 * HOUR)
    expect(await publish(world, numbered(2))).toEqual([{ result: "expired" }])
    expect((await publish(world, message("k", { key: "k" }))).map(({ result }) => result)).toEqual(["stored"])
    expect((await publish(world, numbered(3))).map(({ result }) => result)).toEqual(["stored"])
  })

  test("[F52] forgets a producer wholly in the end and leaves no timer behind", async () => {
    const world = await opened()
    await publish(world, numbered(1), numbered(2))
    await world.env.clock.advance(24 * HOUR * 12)
    expect(world.env.clock.pendingTimers).toBe(0)
    expect(await publish(world, numbered(3))).toEqual([{ result: "out-of-order", expected: 1 }])
    expect([...world.storage.range({ from: "a/", to: "a0" })]).toEqual([])
    expect([...world.storage.range({ from: "m/", to: "m0" })]).toEqual([])
    expect([...world.storage.range({ from: "p/", to: "u" })]).toEqual([])
  })

  test("[F55] keeps the newest by count and calls what left trimmed", async () => {
    const world = await opened({ settings: { ...SETTINGS, retention: { "chat/:room": { maxCount: 3, maxAgeMs: HOUR } } } })
    const positions = await publish(world, ...[1, 2, 3, 4, 5].map((n) => message(n)))
    expect(datas(world.log, 2)).toEqual([3, 4, 5])
    const at = (index: number) => (positions[index]?.result === "stored" ? positions[index].position : { epoch: "", offset: 0 })
    expect(world.log.resume("chat/lobby", at(1))).toMatchObject({ answer: "recovered", position: at(1) })
    expect(world.log.resume("chat/lobby", at(0))).toEqual({ answer: "unrecoverable", reason: "trimmed", position: at(4) })
    expect(() => world.log.readAfter("chat/lobby", 0, PAGE)).toThrow(
      expect.objectContaining({ code: "UNRECOVERABLE", details: { reason: "trimmed", from: 1, to: 2 } }),
    )
    expect(world.log.readBefore("chat/lobby", 5, PAGE).publications.map(({ offset }) => offset)).toEqual([3, 4])
  })

  test("[F54] keeps messages for their age to the second, then calls the gap expired", async () => {
    const world = await opened()
    const before = world.log.newest("chat/lobby")
    await publish(world, message("a"))
    await world.env.clock.advance(48 * HOUR - 1_000)
    expect(world.log.resume("chat/lobby", before)).toMatchObject({ answer: "recovered" })
    await world.env.clock.advance(2_000)
    expect(world.log.resume("chat/lobby", before)).toMatchObject({ answer: "unrecoverable", reason: "expired" })
    expect(world.log.resume("chat/lobby", world.log.newest("chat/lobby"))).toMatchObject({ answer: "recovered" })
    expect(offsets(await publish(world, message("b")))).toEqual([2])
  })

  test("[F109] expires nothing early and reuses nothing when the clock goes back across a restart", async () => {
    const world = await opened()
    await publish(world, numbered(1))
    const { at } = world.log.readAfter("chat/lobby", 0, PAGE).publications[0] ?? { at: 0 }
    world.env.clock.jumpWallClock(-72 * HOUR)
    const again = await reopened(world)
    expect(offsets(await publish(again, numbered(2)))).toEqual([2])
    expect(again.log.readAfter("chat/lobby", 1, PAGE).publications[0]?.at).toBe(at)
    await again.env.clock.advance(72 * HOUR)
    expect(datas(again.log)).toEqual([1, 2])
    await again.env.clock.advance(49 * HOUR)
    expect(again.log.readAfter("chat/lobby", 2, PAGE).publications).toEqual([])
  })

  test("[F56] starts one epoch per storage, and a new one for a copy that was put back", async () => {
    const world = await opened()
    await publish(world, message("a"), message("b"))
    const before = world.log.newest("chat/lobby")
    const same = await reopened(world)
    expect(same.log.newest("chat/lobby")).toEqual(before)
    const restored = await reopened(same, SETTINGS, "another place")
    const after = restored.log.newest("chat/lobby")
    expect(after).toMatchObject({ offset: 2, mark: before.mark })
    expect(after.epoch).not.toBe(before.epoch)
    expect(restored.log.resume("chat/lobby", before)).toEqual({ answer: "unrecoverable", reason: "epoch", position: after })
    const home = await reopened(restored, SETTINGS, "another place")
    expect(home.log.newest("chat/lobby")).toEqual(after)
  })

  test("[F56] calls a plausible position of another history another epoch", async () => {
    const world = await opened()
    await publish(world, message("a"), message("b"))
    const { epoch, mark } = world.log.newest("chat/lobby")
    const reason = (position: { offset: number; mark?: string | undefined }) => {
      const answer = world.log.resume("chat/lobby", { epoch, ...position })
      return answer.answer === "unrecoverable" ? answer.reason : answer.answer
    }
    expect(reason({ offset: 3 })).toBe("epoch")
    expect(reason({ offset: 1, mark })).toBe("epoch")
    expect(reason({ offset: 2, mark: "0000000" })).toBe("epoch")
    expect(reason({ offset: 2, mark })).toBe("recovered")
    expect(reason({ offset: 0 })).toBe("recovered")
  })

  test("[F107] reports a damaged message for its exact range and serves what is around it", async () => {
    const world = await opened()
    await publish(world, ...[1, 2, 3, 4, 5].map((n) => message(n)))
    world.storage.damage(messageKey(messagePrefix(1), 3))
    world.storage.damage(messageKey(messagePrefix(1), 4))
    expect(datas(world.log)).toEqual([1, 2])
    expect(world.log.readAfter("chat/lobby", 0, PAGE).more).toBe(true)
    const damage = expect.objectContaining({ code: "UNRECOVERABLE", details: { reason: "corrupt", from: 3, to: 4 } })
    expect(() => world.log.readAfter("chat/lobby", 2, PAGE)).toThrow(damage)
    expect(datas(world.log, 4)).toEqual([5])
    expect(world.log.readBefore("chat/lobby", 6, PAGE)).toMatchObject({ publications: [{ offset: 5 }], more: true })
    expect(() => world.log.readBefore("chat/lobby", 5, PAGE)).toThrow(damage)
    expect(offsets(await publish(world, message(6)))).toEqual([6])
  })

  test("[F107] stops rather than guess the next offset of a channel whose row is damaged", async () => {
    const world = await opened()
    await publish(world, message(1))
    world.storage.damage(channelKey("chat/lobby"))
    const again = await reopened(world)
    await expect(publish(again, message(2))).rejects.toMatchObject({ code: "STORAGE_FENCED" })
  })

  test("[F105] is fenced for good after a failed commit and goes on reading", async () => {
    const world = await opened()
    await publish(world, message(1))
    const causes: unknown[] = []
    world.log.onFenced((cause) => causes.push(cause))
    world.storage.failNextCommit("fenced")
    await expect(publish(world, message(2))).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    await expect(publish(world, message(3))).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    expect(causes).toHaveLength(1)
    expect(datas(world.log)).toEqual([1])
    expect(world.env.clock.pendingTimers).toBe(0)
    await settled(world.env, world.log.close())
  })

  test("[F106] refuses a batch while the disk is full, then goes on without a hole", async () => {
    const world = await opened()
    await publish(world, numbered(1))
    world.storage.failNextCommit("unavailable")
    await expect(publish(world, numbered(2), numbered(3))).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(datas(world.log)).toEqual([1])
    expect(await publish(world, numbered(3))).toEqual([{ result: "out-of-order", expected: 2 }])
    expect(offsets(await publish(world, numbered(2), numbered(3)))).toEqual([2, 3])
    expect(offsets(await publish(await reopened(world), numbered(4)))).toEqual([4])
  })

  test("reads pages by count and by bytes, in both directions", async () => {
    const world = await opened()
    await publish(world, ...Array.from({ length: 10 }, (_, index) => message("x".repeat(index === 4 ? 500 : 10))))
    const offsetsOf = (page: { publications: readonly { offset?: number | undefined }[] }) => page.publications.map(({ offset }) => offset)
    const first = world.log.readAfter("chat/lobby", 0, { maxCount: 3, maxBytes: 10_000 })
    expect([offsetsOf(first), first.more]).toEqual([[1, 2, 3], true])
    expect(offsetsOf(world.log.readAfter("chat/lobby", 3, { maxCount: 5, maxBytes: 100 }))).toEqual([4])
    expect(offsetsOf(world.log.readAfter("chat/lobby", 4, { maxCount: 5, maxBytes: 100 }))).toEqual([5])
    const last = world.log.readBefore("chat/lobby", 11, { maxCount: 3, maxBytes: 10_000 })
    expect([offsetsOf(last), last.more]).toEqual([[8, 9, 10], true])
    expect(world.log.readBefore("chat/lobby", 2, PAGE)).toMatchObject({ publications: [{ offset: 1 }], more: false })
    expect(world.log.readAfter("chat/lobby", 10, PAGE)).toEqual({ publications: [], more: false })
  })

  test("applies a changed retention to what is already stored", async () => {
    const world = await opened()
    await publish(world, message(1))
    const again = await reopened(world, { ...SETTINGS, retention: { "chat/:room": { maxCount: 10, maxAgeMs: 10_000 } } })
    await again.env.clock.advance(11_000)
    expect(() => again.log.readAfter("chat/lobby", 0, PAGE)).toThrow(/^UNRECOVERABLE/)
  })

  test("refuses names that have no key of their own and settings that are no numbers", async () => {
    const world = await opened()
    for (const more of [
      { channel: "a\u0001b" },
      { key: "\ud800" },
      { key: "k".repeat(2_000) },
      { producer: "p" },
      { producer: "p", sequence: 0 },
    ]) {
      await expect(publish(world, message(1, more))).rejects.toMatchObject({ code: "BAD_REQUEST" })
    }
    const settings = { ...SETTINGS, deduplicationMs: Number.NaN }
    await expect(opened({ settings })).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { field: "deduplicationMs" } })
  })

  test("[G1] stores what was accepted before it closes, in as many batches as it takes", async () => {
    const world = await opened()
    const waiting = Promise.all(
      Array.from({ length: 100 }, (_, index) => world.log.publish(message("x".repeat(50_000), { ref: `${index}` }))),
    )
    const closed = world.log.close()
    const late = world.log.publish(message("late"))
    await expect(settled(world.env, late)).rejects.toMatchObject({ code: "CLOSED" })
    expect((await waiting).map(({ result }) => result)).toEqual(Array.from({ length: 100 }, () => "stored"))
    await closed
    const again = await reopened(world)
    expect(again.log.newest("chat/lobby").offset).toBe(100)
  })

  test("[F105] stores nothing of what waits when it closes after a flush that failed", async () => {
    const world = await opened()
    world.storage.failNextCommit("fenced")
    const waiting = Promise.allSettled(Array.from({ length: 100 }, () => world.log.publish(message("x".repeat(50_000)))))
    await settled(world.env, world.log.close())
    for (const one of await waiting) expect(one).toMatchObject({ status: "rejected", reason: { code: "STORAGE_FENCED" } })
    expect((await reopened(world)).log.newest("chat/lobby").offset).toBe(0)
  })

  test("[G12] closes everything else when a part of it cannot be closed, and then fails", async () => {
    const failure = new Error("cannot be closed")
    for (const broken of ["storage", "journal"]) {
      const env = fakeEnv()
      const inner = memoryStorage()
      const closed: string[] = []
      const finish = async (what: string, close: () => Promise<void>): Promise<void> => {
        await close()
        closed.push(what)
        if (what === broken) throw failure
      }
      const storage = Object.assign(Object.create(inner), { close: () => finish("storage", () => inner.close()) }) as MemoryStorage
      const embedded = embeddedJournal({ env, level: "memory" })
      const journal = { ...embedded, close: () => finish("journal", () => embedded.close()) }
      const opening = openDurableLog({ storage, journal, env, settings: SETTINGS })
      await env.clock.settle()
      const log = await opening
      await settled(env, log.publish(message(1)))
      expect(env.clock.pendingTimers).toBe(1)
      await expect(settled(env, log.close())).rejects.toBe(failure)
      expect([broken, ...closed]).toEqual([broken, "journal", "storage"])
      expect(env.clock.pendingTimers).toBe(0)
      await expect(log.publish(message(2))).rejects.toMatchObject({ code: "CLOSED" })
    }
  })

  test("says why it could not be opened, also where the storage cannot be closed either", async () => {
    const storage = Object.assign(memoryStorage(), { close: () => Promise.reject(new Error("cannot be closed")) })
    storage.failNextCommit("fenced")
    await expect(opened({ storage })).rejects.toMatchObject({ code: "STORAGE_FENCED" })
  })

  test("[G12] finishes what was accepted when it closes, refuses the rest and leaves no timer", async () => {
    const env = fakeEnv()
    const storage = memoryStorage({ env, commitDelayMs: 10 })
    const opening = openDurableLog({ storage, env, settings: SETTINGS })
    await env.clock.advance(100)
    const log = await opening
    const underWay = log.publish(message(1))
    await env.clock.settle()
    const waiting = log.publish(message(2))
    const closed = log.close()
    await env.clock.advance(100)
    await expect(underWay).resolves.toMatchObject({ result: "stored" })
    await expect(waiting).resolves.toMatchObject({ result: "stored" })
    await closed
    await log.close()
    await expect(log.publish(message(3))).rejects.toMatchObject({ code: "CLOSED" })
    expect(env.clock.pendingTimers).toBe(0)
  })

  test("keeps no timer while nothing waits on time", async () => {
    const world = await opened()
    expect(world.env.clock.pendingTimers).toBe(0)
    await publish(world, message(1))
    expect(world.env.clock.pendingTimers).toBe(1)
  })
})
