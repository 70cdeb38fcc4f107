import { MagpieError } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { memoryStorage } from "./memory-storage.ts"
import type { Storage, Write } from "./storage.ts"
import { type StorageUnderTest, storageConformance } from "./storage-conformance.ts"

function memory(): StorageUnderTest {
  const storage = memoryStorage()
  return { storage, crash: () => storage.crash() }
}

describe("memory storage", () => {
  storageConformance({ test, create: memory })

  test("[F104] loses in a crash exactly what was not resolved", async () => {
    const storage = memoryStorage()
    await storage.commit([{ put: "a", value: new Uint8Array([1]) }])
    void storage.commit([{ put: "b", value: new Uint8Array([1]) }])
    const after = storage.crash()
    expect(after.get("a")).toBeDefined()
    expect(after.get("b")).toBeUndefined()
  })

  test("knows what its rows take, also in a copy", async () => {
    const storage = memoryStorage()
    await storage.commit([{ put: "a", value: new Uint8Array(1_000) }])
    const full = storage.bytes
    expect(full).toBeGreaterThan(1_000)
    await storage.commit([
      { put: "a", value: new Uint8Array(10) },
      { put: "b", value: new Uint8Array(10) },
    ])
    expect(storage.bytes).toBeLessThan(full)
    expect(storage.crash().bytes).toBe(storage.bytes)
    const empty = memoryStorage()
    await empty.commit([{ put: "a", value: new Uint8Array(1) }])
    await empty.commit([{ remove: "a" }, { remove: "b" }])
    expect(empty.bytes).toBe(0)
  })

  test("[F106] goes on after a full disk, [F105] and never after a failed flush", async () => {
    const storage = memoryStorage()
    const write: Write = { put: "a", value: new Uint8Array([1]) }
    storage.failNextCommit("unavailable")
    await expect(storage.commit([write])).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await storage.commit([write])
    storage.failNextCommit("fenced")
    await expect(storage.commit([write])).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    await expect(storage.commit([write])).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    expect(storage.get("a")).toBeDefined()
  })
})

/** Each breaks one promise of the port; the suite must notice. */
const SABOTEURS: Readonly<Record<string, () => StorageUnderTest>> = {
  "drops the last write of a commit": () => altered((storage) => ({ commit: (writes) => storage.commit(writes.slice(0, -1)) })),
  "applies writes in another order": () => altered((storage) => ({ commit: (writes) => storage.commit([...writes].reverse()) })),
  "shows a commit before it resolves": () =>
    altered((storage) => {
      const early = new Map<string, Uint8Array>()
      return {
        get: (key) => early.get(key) ?? storage.get(key),
        commit(writes) {
          for (const write of writes) if ("put" in write) early.set(write.put, write.value)
          return storage.commit(writes).then(() => early.clear())
        },
      }
    }),
  "resolves before it is durable": () => {
    const { storage } = memory()
    const unflushed = memoryStorage()
    return {
      storage: { ...storage, commit: (writes) => storage.commit(writes) },
      crash: () => unflushed,
    }
  },
  "ignores the end of a range": () => altered((storage) => ({ range: (options) => storage.range({ ...options, to: "\u{10ffff}" }) })),
  "ignores the limit of a range": () =>
    altered((storage) => ({ range: ({ from, to, reverse = false }) => storage.range({ from, to, reverse }) })),
  "leaves out the start of a range": () =>
    altered((storage) => ({ range: (options) => storage.range({ ...options, from: `${options.from}\0` }) })),
  "orders keys by UTF-16": () =>
    altered((storage) => ({
      range: (options) => {
        const rows = [...storage.range(options)].sort((a, b) => (a.key < b.key ? -1 : 1))
        return options.reverse ? rows.reverse() : rows
      },
    })),
  "keeps the caller's buffer": () =>
    altered((storage) => {
      const kept = new Map<string, Uint8Array>()
      return {
        get: (key) => kept.get(key) ?? storage.get(key),
        commit: (writes) =>
          storage.commit(writes).then(() => {
            for (const write of writes) if ("put" in write) kept.set(write.put, write.value)
          }),
      }
    }),
  "forgets removals": () => altered((storage) => ({ commit: (writes) => storage.commit(writes.filter((write) => "put" in write)) })),
  "closes without waiting": () =>
    altered((storage) => ({
      close: () => Promise.resolve(),
      commit: (writes) => storage.commit(writes).then(() => new Promise((resolve) => setImmediate(resolve))),
    })),
  "takes commits after its close": () =>
    altered((storage) => ({ commit: (writes) => storage.commit(writes).catch((error: unknown) => void (error instanceof MagpieError)) })),
}

function altered(alter: (storage: Storage) => Partial<Storage>): StorageUnderTest {
  const storage = memoryStorage()
  return { storage: { ...storage, ...alter(storage) }, crash: () => storage.crash() }
}

describe("the storage suite", () => {
  for (const [sabotage, create] of Object.entries(SABOTEURS)) {
    test(`catches a storage that ${sabotage}`, async () => {
      const cases: (() => Promise<void>)[] = []
      storageConformance({ test: (_name, run) => void cases.push(run), create })
      const failures = await Promise.allSettled(cases.map((run) => run()))
      expect(failures.filter(({ status }) => status === "rejected")).not.toHaveLength(0)
    })
  }
})
