import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { toJsonText } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { afterEach, expect, test } from "vitest"
import type { DurableLog, Outcome } from "../durable-log.ts"
import { openDurableLog } from "../open-durable-log.ts"
import { lmdb } from "./index.ts"

const directories: string[] = []
const logs: DurableLog[] = []

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "magpie-journal-"))
  directories.push(directory)
  return directory
}

afterEach(async () => {
  for (const log of logs.splice(0)) await log.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** The disk takes real time, so the turn's end is the event loop's; wall time stands still. */
async function openLog(directory: string, seed = 1): Promise<DurableLog> {
  const fake = fakeEnv({ seed })
  const env = { ...fake, clock: { ...fake.clock, defer: (task: () => void) => void setImmediate(task) } }
  const settings = { retention: {}, deduplicationMs: 86_400_000 }
  const log = await openDurableLog({ storage: lmdb({ directory }), env, settings })
  logs.push(log)
  return log
}

function publish(log: DurableLog, sequence: number): Promise<Outcome> {
  return log.publish({ channel: "c", pattern: "c", name: "say", data: toJsonText({ sequence }), producer: "ada", sequence })
}

test("[G1] [F51] keeps messages and sequences on disk across a restart, in the same epoch", async () => {
  const directory = emptyDirectory()
  const first = await openLog(directory)
  expect(first.level).toBe("disk")
  const stored = await Promise.all(Array.from({ length: 100 }, (_, index) => publish(first, index + 1)))
  expect(stored.map((outcome) => "position" in outcome && outcome.position.offset)).toEqual(
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  const newest = first.newest("c")
  await first.close()
  const second = await openLog(directory, 2)
  expect(second.newest("c")).toEqual(newest)
  expect(await publish(second, 50)).toEqual({ ...stored[49], result: "duplicate" })
  expect(await publish(second, 101)).toMatchObject({ result: "stored", position: { offset: 101 } })
  expect(second.readAfter("c", 0, { maxCount: 500, maxBytes: 1_000_000 }).publications).toHaveLength(101)
})

test("[F56] starts a new epoch in a directory that was copied back, and tells a client so", async () => {
  const directory = emptyDirectory()
  const backup = join(emptyDirectory(), "backup")
  const first = await openLog(directory)
  await publish(first, 1)
  await first.close()
  cpSync(directory, backup, { recursive: true, preserveTimestamps: true })
  const second = await openLog(directory, 2)
  await publish(second, 2)
  const lost = second.newest("c")
  await second.close()
  rmSync(directory, { recursive: true })
  cpSync(backup, directory, { recursive: true, preserveTimestamps: true })
  const restored = await openLog(directory, 3)
  expect(restored.newest("c").epoch).not.toBe(lost.epoch)
  expect(restored.resume("c", lost)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
  expect(await publish(restored, 2)).toMatchObject({ result: "stored", position: { offset: 2 } })
  expect(restored.resume("c", lost)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
})

test("[F108] refuses a second log over the same directory", async () => {
  const directory = emptyDirectory()
  await openLog(directory)
  await expect(openLog(directory)).rejects.toMatchObject({ code: "CONFLICT" })
})
