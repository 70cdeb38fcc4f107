import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Snapshot, snapshotStoreConformance } from "@magpie/journal"
import { afterAll, expect, test } from "vitest"
import { directorySnapshots } from "./directory-snapshots.ts"

const base = mkdtempSync(join(tmpdir(), "magpie-snapshots-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

let made = 0
const newDirectory = (): string => join(base, `store-${++made}`)

snapshotStoreConformance({ test, create: () => directorySnapshots({ directory: newDirectory() }) })

const snapshot = (position: number, chunks: Snapshot["chunks"]): Snapshot => ({
  partition: 0,
  position,
  mark: 1,
  hash: "鵲",
  epoch: "e",
  chunks,
})

test("gives large chunks back as they were, to another process too", async () => {
  const directory = newDirectory()
  const chunks = [300_000, 0, 65_536].map((length, index) => new Uint8Array(length).fill(index + 1))
  await directorySnapshots({ directory }).put(snapshot(1, chunks))
  const found = await directorySnapshots({ directory }).newest(0, 2)
  const read: Uint8Array[] = []
  for await (const chunk of found?.chunks ?? []) read.push(chunk.slice())
  expect(read.map(({ length }) => length)).toEqual([300_000, 0, 65_536])
  expect(read.every((chunk, index) => chunk.every((byte) => byte === index + 1))).toBe(true)
  expect(found?.hash).toBe("鵲")
})

test("leaves no half-written file behind", async () => {
  const directory = newDirectory()
  function* broken(): Generator<Uint8Array> {
    yield Uint8Array.of(1)
    throw new Error("given up")
  }
  await expect(directorySnapshots({ directory }).put(snapshot(1, broken()))).rejects.toThrow("given up")
  expect(readdirSync(directory)).toEqual([])
})

test("says UNAVAILABLE where the directory cannot be one", async () => {
  const directory = newDirectory()
  writeFileSync(directory, "a file")
  await expect(directorySnapshots({ directory }).newest(0, 1)).rejects.toMatchObject({ code: "UNAVAILABLE" })
  expect(() => directorySnapshots({ directory: "" })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
})
