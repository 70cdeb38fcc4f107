import { expect, test } from "vitest"
import { createLaneWriter } from "./lane-writer.ts"
import type { Changes, Lane } from "./lanes.ts"

/** A lane whose writes end when the test says so. */
function heldLane() {
  const writes: { readonly changes: Changes; readonly end: (failure?: Error) => void }[] = []
  const lane: Lane = {
    rows: new Map(),
    write: (changes) =>
      new Promise((resolve, reject) => writes.push({ changes, end: (failure) => (failure ? reject(failure) : resolve()) })),
    close: async () => {},
  }
  return { writes, writer: createLaneWriter(lane) }
}

const map = (rows: Record<string, unknown>): Changes => new Map(Object.entries(rows))
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test("writes what comes in one turn at once, and what comes meanwhile at once behind it, the newest value of each key", async () => {
  const { writes, writer } = heldLane()
  const done: string[] = []
  for (const [index, rows] of [{ a: 1, b: 1 }, { a: 2 }].entries()) void writer.write(map(rows)).then(() => done.push(`first ${index}`))
  expect(writer.busy).toBe(true)
  await turn()
  void writer.write(map({ a: 3 })).then(() => done.push("second"))
  void writer.write(map({ c: undefined }))
  await turn()
  expect(writes.map(({ changes }) => Object.fromEntries(changes))).toEqual([{ a: 2, b: 1 }])
  writes[0]?.end()
  await turn()
  expect(done).toEqual(["first 0", "first 1"])
  expect(writes.slice(1).map(({ changes }) => [...changes])).toEqual([
    [
      ["a", 3],
      ["c", undefined],
    ],
  ])
  expect(writer.busy).toBe(true)
  writes[1]?.end()
  await writer.settled()
  expect([done.at(-1), writer.busy]).toEqual(["second", false])
})

test("what failed is told to those who wrote it, and is written again with what comes next, unless that says otherwise", async () => {
  const { writes, writer } = heldLane()
  const failed = writer.write(map({ a: 1, b: 1 }))
  const behind = turn().then(() => writer.write(map({ b: 2, c: 3 })))
  await turn()
  await turn()
  writes[0]?.end(new Error("no room"))
  await expect(failed).rejects.toThrow("no room")
  await turn()
  expect(Object.fromEntries(writes[1]?.changes ?? [])).toEqual({ a: 1, b: 2, c: 3 })
  writes[1]?.end()
  await behind
  await writer.settled()
  expect(writer.busy).toBe(false)
})
