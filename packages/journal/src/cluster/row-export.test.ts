import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom } from "@magpie/testing"
import { afterEach, expect, test } from "vitest"
import { lmdb } from "../lmdb/index.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import type { Storage, Write } from "../storage/storage.ts"
import { prefixedStorage } from "./prefixed-storage.ts"
import { RowExport } from "./row-export.ts"

const text = (value: Uint8Array): string => new TextDecoder().decode(value)
const put = (key: string, value: string): Write => ({ put: key, value: new TextEncoder().encode(value) })
/** Also beyond the basic plane, where the order of UTF-16 units is another one. */
const keyOf = (number: number): string => `${["m/", "c/", "\uffee", "😀"][number % 4]}${number.toString(36)}`

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

function onDisk(): Storage {
  const directory = mkdtempSync(join(tmpdir(), "magpie-export-"))
  const storage = lmdb({ directory })
  ends.push(
    () => storage.close(),
    () => rmSync(directory, { recursive: true, force: true }),
  )
  return prefixedStorage(storage, "q/1/1/")
}

const STORAGES: Readonly<Record<string, () => Storage>> = { a: memoryStorage, b: memoryStorage, c: memoryStorage, "on disk": onDisk }

for (const [seed, create] of Object.entries(STORAGES)) {
  test(`gives every row as it was when it began, once and in order, whatever is written meanwhile (${seed})`, async () => {
    const random = seededRandom(seed)
    const storage = create()
    const anyWrites = (count: number): Write[] =>
      Array.from({ length: count }, (_, index) => {
        const key = keyOf(random.integer(0, 2_000))
        return random.integer(0, 2) === 0 ? { remove: key } : put(key, `${random.integer(0, 1_000_000)}-${index}`)
      })
    for (let batch = 0; batch < 20; batch++) await storage.commit([...anyWrites(100), put("l/place", String(batch))])
    const before = Array.from(storage.range({ from: "", to: "\u{10ffff}" }), ({ key, value }) => `${key} ${text(value)}`)
    const rows = new RowExport(storage)
    const given: string[] = []
    for (const { key, value } of rows.rows()) {
      given.push(`${key} ${text(value)}`)
      if (random.integer(0, 20) > 0) continue
      const writes = anyWrites(random.integer(1, 40))
      rows.keep(writes)
      await storage.commit([...writes, put("l/place", "later")])
    }
    expect(given).toEqual(before.filter((row) => !row.startsWith("l/")))
  })
}

test("is given up when too much would have to be put aside, and when it is ended", async () => {
  const storage = memoryStorage()
  await storage.commit(Array.from({ length: 600 }, (_, index) => put(keyOf(index), "x".repeat(100))))
  const full = new RowExport(storage, 1_000)
  const first = full.rows()
  expect(first.next().done).toBe(false)
  full.keep(Array.from({ length: 600 }, (_, index) => ({ remove: keyOf(index) })))
  expect(() => Array.from(first)).toThrow(/UNAVAILABLE/)
  const ended = new RowExport(storage)
  ended.end()
  expect(() => Array.from(ended.rows())).toThrow(/UNAVAILABLE/)
})
