import { mkdtempSync, rmSync } from "node:fs"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { lmdb } from "./index.ts"
import { commitError } from "./lmdb-errors.ts"

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-errors-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const failure = (code: number): Error => Object.assign(new Error("LMDB says"), { code })

/** As lmdb rejects: with a general error that carries the promise of the real one. */
const wrapped = (code: number): Error => Object.assign(new Error("Commit failed"), { commitError: Promise.reject(failure(code)) })

const { ENOSPC, EDQUOT, EIO, EINVAL } = constants.errno
const MAP_FULL = -30_792
const MAP_RESIZED = -30_785
/** More than any disk has. */
const BEYOND_ANY_DISK = Number.MAX_SAFE_INTEGER

test.each([ENOSPC, EDQUOT, MAP_FULL])("[F106] %i is a disk without space: the storage goes on", async (code) => {
  for (const error of [failure(code), wrapped(code)]) {
    expect(await commitError(error, directory, 0)).toMatchObject({ code: "UNAVAILABLE", retryable: true })
  }
})

test("[F106] a write that stopped in the middle is one where there is no space for it, [F105] and a broken disk where there is", async () => {
  expect(await commitError(wrapped(EIO), directory, BEYOND_ANY_DISK)).toMatchObject({ code: "UNAVAILABLE" })
  expect(await commitError(wrapped(EIO), directory, -BEYOND_ANY_DISK)).toMatchObject({ code: "STORAGE_FENCED" })
  expect(await commitError(wrapped(EIO), join(directory, "gone"), 0)).toMatchObject({ code: "STORAGE_FENCED" })
})

test.each([EINVAL, MAP_RESIZED])("[F105] after %i nobody knows what the disk holds", async (code) => {
  expect(await commitError(wrapped(code), directory, BEYOND_ANY_DISK)).toMatchObject({ code: "STORAGE_FENCED" })
})

test("[F106] a map that began far too small grows, and nothing is lost or refused", async () => {
  const storage = lmdb({ directory, mapSizeBytes: 65_536 })
  const value = new Uint8Array(10_000).fill(7)
  const keys = Array.from({ length: 400 }, (_, index) => `k${String(index).padStart(3, "0")}`)
  for (const key of keys) await storage.commit([{ put: key, value }])
  await storage.close()
  const again = lmdb({ directory, mapSizeBytes: 65_536 })
  expect(Array.from(again.range({ from: "k", to: "l" }), ({ key }) => key)).toEqual(keys)
  expect(again.get("k399")).toEqual(Buffer.from(value))
  await again.close()
})
