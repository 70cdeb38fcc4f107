import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { lmdb } from "./index.ts"

/** What was open under each number, what was flushed, in order, and what a flush of a directory fails with. */
const files = vi.hoisted(() => ({ open: new Map<number, string>(), flushed: [] as string[], failure: "" }))

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>()
  return {
    ...fs,
    openSync(path: string, flags: string, mode?: number) {
      const file = fs.openSync(path, flags, mode)
      files.open.set(file, path)
      return file
    },
    fsyncSync(file: number) {
      if (files.failure !== "") throw Object.assign(new Error(`${files.failure}, fsync`), { code: files.failure })
      files.flushed.push(files.open.get(file) ?? "")
      fs.fsyncSync(file)
    },
  }
})

let home: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "magpie-entries-")))
  files.flushed.length = 0
  files.failure = ""
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test("[G1] [F104] the entries that lead to new files are flushed before anything can be acknowledged", async () => {
  const directory = join(home, "made", "here")
  const storage = lmdb({ directory })
  expect(files.flushed).toEqual([directory, dirname(directory), home])
  await storage.close()
  files.flushed.length = 0
  await lmdb({ directory }).close()
  expect(files.flushed).toEqual([directory])
})

test("[F105] a directory that cannot be flushed is not opened", () => {
  files.failure = "EIO"
  expect(() => lmdb({ directory: home })).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }))
})

test("a system that flushes no directories keeps what it can", async () => {
  files.failure = "EINVAL"
  await lmdb({ directory: home }).close()
})
