import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isMagpieError, toJsonText } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { DurableLog } from "../durable-log.ts"
import { openDurableLog } from "../open-durable-log.ts"
import { findDamagedPage } from "./check-pages.ts"
import { lmdb } from "./index.ts"

const MESSAGES = 240
const PAGES_OF_VALUES = 4

/** What happens to pages: a block that was never written, one of another file, a head that is gone, a few bits. */
const DAMAGES: Readonly<Record<string, (page: Buffer) => void>> = {
  zeroed: (page) => void page.fill(0),
  foreign: (page) => void page.fill("another file's block "),
  headless: (page) => void page.fill(0xff, 0, 24),
  "one bit": (page) => page.writeUInt8(page.readUInt8(0) ^ 0x10, 0),
}

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "magpie-pages-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const dataPath = (): string => join(directory, "data.mdb")

/** Of the system that wrote the file. */
const pageBytesOf = (file: Buffer): number => file.readUInt32LE(48)

const textOf = (n: number): string => `${n} `.repeat(n % 80 === 0 ? PAGES_OF_VALUES * 1_000 : 1 + (n % 90))

async function open(): Promise<DurableLog> {
  const fake = fakeEnv()
  const env = { ...fake, clock: { ...fake.clock, defer: (task: () => void) => void setImmediate(task) } }
  return openDurableLog({ storage: lmdb({ directory }), env, settings: { retention: {}, deduplicationMs: 86_400_000 } })
}

async function fill(): Promise<void> {
  const log = await open()
  for (let n = 1; n <= MESSAGES; n += 8) {
    const batch = Array.from({ length: 8 }, (_, index) => n + index)
    await Promise.all(batch.map((each) => log.publish({ channel: "c", pattern: "c", name: "say", data: toJsonText(textOf(each)) })))
  }
  await log.close()
}

/** How many messages are there, unharmed; those that are not must be said to be corrupt. */
function readThrough(log: DurableLog): number {
  let whole = 0
  for (let n = 1; n <= MESSAGES; n++) {
    try {
      const [publication] = log.readAfter("c", n - 1, { maxCount: 1, maxBytes: 1 }).publications
      expect(publication).toMatchObject({ offset: n, data: toJsonText(textOf(n)) })
      whole++
    } catch (error) {
      expect(error).toMatchObject({ code: "UNRECOVERABLE", details: { reason: "corrupt" } })
    }
  }
  return whole
}

test("finds nothing in a file that is whole, also among few pages", async () => {
  await fill()
  expect(findDamagedPage(dataPath(), 1_000_000)).toBeUndefined()
  expect(findDamagedPage(dataPath(), 1)).toBeUndefined()
})

for (const [kind, damage] of Object.entries(DAMAGES)) {
  test(`[F107] a page that is ${kind} is refused at the start, with the advice to restore a backup, or holds no more than values`, {
    timeout: 120_000,
  }, async () => {
    await fill()
    const whole = readFileSync(dataPath())
    const pageBytes = pageBytesOf(whole)
    const found = { refused: 0, unused: 0, values: 0 }
    for (let page = 0; page < whole.length / pageBytes; page++) {
      const bytes = Buffer.from(whole)
      damage(bytes.subarray(page * pageBytes, (page + 1) * pageBytes))
      writeFileSync(dataPath(), bytes)
      try {
        const log = await open()
        found[readThrough(log) === MESSAGES ? "unused" : "values"]++
        await log.close()
      } catch (error) {
        if (!isMagpieError(error)) throw error
        expect(error).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("restore a backup") })
        expect(readFileSync(dataPath()).equals(bytes)).toBe(true)
        found.refused++
      }
    }
    expect(found.refused).toBeGreaterThan(10)
    expect(found.values).toBeGreaterThan(kind === "zeroed" || kind === "foreign" ? 2 : -1)
  })
}

test("[F107] a node that points out of its page or its file is found", async () => {
  await fill()
  const whole = readFileSync(dataPath())
  const pageBytes = pageBytesOf(whole)
  let found = 0
  for (let page = 2; page < whole.length / pageBytes; page++) {
    const bytes = Buffer.from(whole)
    bytes.writeUInt16LE(pageBytes - 4, page * pageBytes + 24)
    writeFileSync(dataPath(), bytes)
    if (findDamagedPage(dataPath(), 1_000_000) === `page ${page} is damaged`) found++
  }
  expect(found).toBeGreaterThan(10)
})
