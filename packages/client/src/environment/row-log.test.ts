import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, expect, test, vi } from "vitest"
import { openRowLog } from "./row-log.ts"

const root = mkdtempSync(join(tmpdir(), "magpie-rows-"))
afterEach(() => vi.restoreAllMocks())
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const fresh = (): string => join(root, `log-${++count}`)
const map = (rows: Record<string, unknown>): ReadonlyMap<string, unknown> => new Map(Object.entries(rows))

async function rowsOf(path: string): Promise<Record<string, unknown>> {
  const log = await openRowLog(path)
  await log.close()
  return Object.fromEntries(log.rows)
}

async function filled(...writes: Record<string, unknown>[]): Promise<string> {
  const path = fresh()
  const log = await openRowLog(path)
  for (const rows of writes) await log.write(map(rows))
  await log.close()
  return path
}

/** What the file system does from now on. */
async function fileHandles(): Promise<FileHandle> {
  const file = await open(fresh(), "w")
  await file.close()
  return Object.getPrototypeOf(file)
}

test("[F104] a file that was cut short anywhere in its last line has every write before that, and goes on", async () => {
  const path = await filled({ a: 1 }, { b: 2 })
  const before = statSync(path).size
  const whole = await filled({ a: 1 }, { b: 2 }, { a: undefined, c: "third", d: 4 })
  const bytes = readFileSync(whole)
  for (let length = before; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length))
    expect(await rowsOf(path)).toEqual({ a: 1, b: 2 })
    const log = await openRowLog(path)
    await log.write(map({ e: 5 }))
    await log.close()
    expect(await rowsOf(path)).toEqual({ a: 1, b: 2, e: 5 })
  }
  expect(await rowsOf(whole)).toEqual({ b: 2, c: "third", d: 4 })
})

test("[F104] a crash while the file was made leaves an empty one", async () => {
  const path = fresh()
  for (const found of ["", "magpi", "magpie-rows 1", "\0\0\0", "magpie\0\0\0\0\0\0\0\0\0\0"]) {
    writeFileSync(path, found)
    expect(await rowsOf(path)).toEqual({})
    expect(readFileSync(path, "utf8")).toBe("magpie-rows 1\n")
  }
})

test("a last line of zeros, or of something else, was never durable", async () => {
  const path = await filled({ a: 1 })
  appendFileSync(path, Buffer.alloc(600))
  expect(await rowsOf(path)).toEqual({ a: 1 })
  appendFileSync(path, 'deadbeef [["a",2]]\nx')
  expect(await rowsOf(path)).toEqual({ a: 1 })
})

test("a flipped bit in front of an intact line is damage, said with its place, and nothing is taken off", async () => {
  const path = await filled({ a: 1 }, { b: 2 })
  const bytes = readFileSync(path)
  const at = bytes.indexOf('"a"')
  bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
  writeFileSync(path, bytes)
  await expect(openRowLog(path)).rejects.toMatchObject({ code: "UNRECOVERABLE", details: { path, byte: 14 } })
  expect(readFileSync(path)).toEqual(bytes)
})

test("a stranger's file is refused, and stays as it is", async () => {
  const path = fresh()
  writeFileSync(path, "something else\n")
  await expect(openRowLog(path)).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { field: "name" } })
  expect(readFileSync(path, "utf8")).toBe("something else\n")
})

test("a file that holds mostly what is gone is written anew, and nothing of what is there gets lost", async () => {
  const path = fresh()
  const log = await openRowLog(path)
  await log.write(map({ kept: "鵲橋" }))
  const text = "x".repeat(10_000)
  let longest = 0
  for (let index = 0; index < 100; index++) {
    await log.write(map({ gone: `${text}${index}` }))
    longest = Math.max(longest, statSync(path).size)
  }
  expect(longest).toBeLessThan(300_000)
  await log.write(map({ gone: undefined, last: 1 }))
  await log.close()
  expect(await rowsOf(path)).toEqual({ kept: "鵲橋", last: 1 })
})

test("a full disk refuses the write with LIMIT_EXCEEDED, leaves no half of it, and takes the next one", async () => {
  const path = await filled({ a: 1 })
  const log = await openRowLog(path)
  const handles = await fileHandles()
  const write = vi.spyOn(handles, "write")
  write.mockImplementationOnce(async () => {
    appendFileSync(path, "half of a line")
    throw Object.assign(new Error("no space"), { code: "ENOSPC" })
  })
  await expect(log.write(map({ b: 2 }))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED", details: { limit: "storage" } })
  await log.write(map({ c: 3 }))
  await log.close()
  expect(await rowsOf(path)).toEqual({ a: 1, c: 3 })
})

test("after a failed flush nothing is written any more, because nobody knows what the disk has", async () => {
  const log = await openRowLog(fresh())
  const handles = await fileHandles()
  vi.spyOn(handles, "datasync").mockRejectedValueOnce(new Error("EIO"))
  await expect(log.write(map({ a: 1 }))).rejects.toMatchObject({ code: "INTERNAL" })
  await expect(log.write(map({ b: 2 }))).rejects.toMatchObject({ code: "INTERNAL" })
  await log.close()
})
