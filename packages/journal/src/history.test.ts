import { isMagpieError, toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { History } from "./history.ts"
import { encodeChannelRow } from "./rows/channel-row.ts"
import { channelKey, messageKey, messagePrefix } from "./rows/keys.ts"
import { RowWriter } from "./rows/row-writer.ts"
import { StateMachine } from "./state-machine/state-machine.ts"
import { type MemoryStorage, memoryStorage } from "./storage/memory-storage.ts"

const ALL = { maxCount: 100, maxBytes: 1_000_000 }
const rowKey = (offset: number): string => messageKey(messagePrefix(1), offset)

/** A channel with so many messages of equal length. */
async function channelOf(messages: number, maxCount = 100): Promise<{ storage: MemoryStorage; history: History; rowBytes: number }> {
  const storage = memoryStorage()
  const machine = new StateMachine(storage)
  machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
  machine.apply({ type: "settings", at: 1, applyVersion: 1, deduplicationMs: 1_000, retention: { p: { maxCount, maxAgeMs: 1_000 } } })
  for (let offset = 1; offset <= messages; offset++) {
    machine.apply({ type: "publish", at: 1, channel: "c", pattern: "p", name: "n", data: toJsonText(offset % 10) })
  }
  await storage.commit(machine.endBatch(1))
  return { storage, history: new History(storage, "e"), rowBytes: storage.get(rowKey(messages))?.length ?? 0 }
}

function refusalOf(action: () => unknown): unknown {
  try {
    action()
  } catch (thrown) {
    return isMagpieError(thrown) ? { code: thrown.code, ...thrown.details } : thrown
  }
  return undefined
}

describe("a page after an offset", () => {
  test("holds what fits into its bytes, to the byte, and one message in any case", async () => {
    const { history, rowBytes } = await channelOf(5)
    const read = (maxBytes: number) => {
      const { publications, more } = history.readAfter("c", 0, { maxCount: 100, maxBytes })
      return [publications.map(({ offset }) => offset), more]
    }
    expect(read(rowBytes * 3)).toEqual([[1, 2, 3], true])
    expect(read(rowBytes * 3 - 1)).toEqual([[1, 2], true])
    expect(read(rowBytes * 4)).toEqual([[1, 2, 3, 4], true])
    expect(read(rowBytes * 5)).toEqual([[1, 2, 3, 4, 5], false])
    expect(read(1)).toEqual([[1], true])
  })

  test("of no messages is empty and says that more follows", async () => {
    const { history } = await channelOf(2)
    expect(history.readAfter("c", 0, { maxCount: 0, maxBytes: 100 })).toEqual({ publications: [], more: true })
    expect(history.readAfter("c", 2, ALL)).toEqual({ publications: [], more: false })
    expect(history.readAfter("nobody", 0, ALL)).toEqual({ publications: [], more: false })
  })

  test("[F107] ends before a row that is missing, and the next one names all that is missing in a row", async () => {
    const { storage, history } = await channelOf(6)
    await storage.commit([{ remove: rowKey(3) }])
    storage.damage(rowKey(4))
    const page = history.readAfter("c", 0, ALL)
    expect(page.publications.map(({ offset }) => offset)).toEqual([1, 2])
    expect(page.more).toBe(true)
    expect(refusalOf(() => history.readAfter("c", 2, ALL))).toEqual({ code: "UNRECOVERABLE", reason: "corrupt", from: 3, to: 4 })
    expect(history.readAfter("c", 4, ALL).publications.map(({ offset }) => offset)).toEqual([5, 6])
  })
})

describe("a page before an offset", () => {
  test("holds what fits into its bytes, to the byte, and one message in any case", async () => {
    const { history, rowBytes } = await channelOf(5)
    const read = (maxBytes: number) => {
      const { publications, more } = history.readBefore("c", 6, { maxCount: 100, maxBytes })
      return [publications.map(({ offset }) => offset), more]
    }
    expect(read(rowBytes * 3)).toEqual([[3, 4, 5], true])
    expect(read(rowBytes * 3 - 1)).toEqual([[4, 5], true])
    expect(read(rowBytes * 4)).toEqual([[2, 3, 4, 5], true])
    expect(read(rowBytes * 5)).toEqual([[1, 2, 3, 4, 5], false])
    expect(read(1)).toEqual([[5], true])
  })

  test("of no messages is empty and says whether there are older ones", async () => {
    const { history } = await channelOf(2)
    expect(history.readBefore("c", 3, { maxCount: 0, maxBytes: 100 })).toEqual({ publications: [], more: true })
    expect(history.readBefore("c", 1, ALL)).toEqual({ publications: [], more: false })
    expect(history.readBefore("nobody", 5, ALL)).toEqual({ publications: [], more: false })
  })

  test("[F107] ends behind a row that is missing, and the next one names all that is missing in a row", async () => {
    const { storage, history } = await channelOf(6)
    await storage.commit([{ remove: rowKey(4) }])
    storage.damage(rowKey(3))
    const page = history.readBefore("c", 7, ALL)
    expect(page.publications.map(({ offset }) => offset)).toEqual([5, 6])
    expect(page.more).toBe(true)
    expect(refusalOf(() => history.readBefore("c", 5, ALL))).toEqual({ code: "UNRECOVERABLE", reason: "corrupt", from: 3, to: 4 })
    expect(history.readBefore("c", 3, ALL).publications.map(({ offset }) => offset)).toEqual([1, 2])
  })
})

describe("a damaged history", () => {
  test("[F107] is looked through for 10,000 messages at most before an answer, in either direction", async () => {
    const storage = memoryStorage()
    const row = {
      id: 1,
      pattern: "p",
      first: 1,
      newest: 30_000,
      mark: 7,
      agedAt: 1,
      trimmedBy: "none",
      pointers: 0,
      holes: 0,
      receipts: 0,
    } as const
    await storage.commit([{ put: channelKey("c"), value: encodeChannelRow(new RowWriter(), row) }])
    const history = new History(storage, "e")
    expect(refusalOf(() => history.readAfter("c", 0, ALL))).toMatchObject({ from: 1, to: 10_001 })
    expect(refusalOf(() => history.readBefore("c", 30_001, ALL))).toMatchObject({ from: 20_000, to: 30_000 })
    expect(refusalOf(() => history.readAfter("c", 25_000, ALL))).toMatchObject({ from: 25_001, to: 30_000 })
    expect(refusalOf(() => history.readBefore("c", 5_000, ALL))).toMatchObject({ from: 1, to: 4_999 })
  })

  test("[F107] is not resumed from: at a damaged message its mark can no longer be compared", async () => {
    const { storage, history } = await channelOf(3)
    const [first] = history.readAfter("c", 0, ALL).publications
    expect(history.resume("c", { epoch: "e", offset: 1, mark: first?.mark })).toMatchObject({ answer: "recovered" })
    storage.damage(rowKey(1))
    const newest = history.newest("c")
    expect(history.resume("c", { epoch: "e", offset: 1, mark: first?.mark })).toEqual({
      answer: "unrecoverable",
      reason: "corrupt",
      position: newest,
    })
    expect(history.resume("c", { epoch: "e", offset: 1 })).toMatchObject({ answer: "recovered" })
  })

  test("[F107] says of a channel whose own row is damaged that it is, and nothing else of it", async () => {
    const { storage, history } = await channelOf(3)
    storage.damage(channelKey("c"))
    const corrupt = { code: "UNRECOVERABLE", reason: "corrupt" }
    expect(refusalOf(() => history.newest("c"))).toEqual(corrupt)
    expect(refusalOf(() => history.resume("c", { epoch: "e", offset: 1 }))).toEqual(corrupt)
    expect(refusalOf(() => history.readAfter("c", 0, ALL))).toEqual(corrupt)
  })
})
