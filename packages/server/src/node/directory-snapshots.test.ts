import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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

test("[F107] a file whose first line is damaged counts as not there, and the one before it is given", async () => {
  const directory = newDirectory()
  const store = directorySnapshots({ directory })
  for (const position of [5, 9]) await store.put(snapshot(position, [Uint8Array.of(position)]))
  const path = join(directory, "0-9.snapshot")
  const whole = readFileSync(path)
  for (let at = 0; at <= whole.indexOf("\n"); at++) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    writeFileSync(path, damaged)
    expect((await store.newest(0, 10))?.position, `byte ${at}`).toBe(5)
  }
  for (const damaged of ["", "\n", whole.subarray(0, 9), readFileSync(join(directory, "0-5.snapshot"))]) {
    writeFileSync(path, damaged)
    expect((await store.newest(0, 10))?.position).toBe(5)
  }
  writeFileSync(path, whole)
  expect((await store.newest(0, 10))?.position).toBe(9)
})

test("[F107] a length that no chunk has is refused before anything is gathered for it", async () => {
  const directory = newDirectory()
  const store = directorySnapshots({ directory })
  await store.put(snapshot(1, [Uint8Array.of(1), new Uint8Array(1_000_000)]))
  const path = join(directory, "0-1.snapshot")
  const bytes = readFileSync(path)
  bytes[bytes.indexOf("\n") + 6] = 0xff
  writeFileSync(path, bytes)
  const read: number[] = []
  const reading = async (): Promise<void> => {
    for await (const chunk of (await store.newest(0, 2))?.chunks ?? []) read.push(chunk.length)
  }
  await expect(reading()).rejects.toMatchObject({ code: "UNRECOVERABLE" })
  expect(read).toEqual([1])
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
