import { expect, test } from "vitest"
import { RecordQueue } from "./record-queue.ts"

const record = (position: number, bytes = 1) => ({ position, record: new Uint8Array(bytes) })
const positions = async (queue: RecordQueue) => (await queue.next()).map(({ position }) => position)

test("gives all that has come at once, and waits where nothing has", async () => {
  const queue = new RecordQueue(() => {})
  await queue.push(record(1))
  await queue.push(record(2))
  expect(await positions(queue)).toEqual([1, 2])
  const later = positions(queue)
  await queue.push(record(3))
  expect(await later).toEqual([3])
})

test.each([
  ["records", 512, 1],
  ["bytes", 4, 1_048_576],
])("[F76] lets the broker wait at its bound of %s until they are taken", async (_what, count, bytes) => {
  const queue = new RecordQueue(() => {})
  for (let position = 1; position < count; position++) await queue.push(record(position, bytes))
  let pushed = false
  const last = queue.push(record(count, bytes)).then(() => {
    pushed = true
  })
  await Promise.resolve()
  expect(pushed).toBe(false)
  expect(await positions(queue)).toHaveLength(count)
  await last
})

test("tells of a failure behind what has come", async () => {
  const queue = new RecordQueue(() => {})
  await queue.push(record(1))
  queue.fail(new Error("gone"))
  queue.fail(new Error("gone again"))
  expect(await positions(queue)).toEqual([1])
  await expect(queue.next()).rejects.toThrow(/^gone$/)
})

test("a stop settles who reads and who waits for room, once, and gives nothing more", async () => {
  let stops = 0
  const queue = new RecordQueue(() => stops++)
  const reading = positions(queue)
  queue.stop()
  queue.stop()
  expect(await reading).toEqual([])
  await queue.push(record(1))
  expect(await positions(queue)).toEqual([])
  expect(stops).toBe(1)
  const full = new RecordQueue(() => {})
  const waiting = full.push(record(1, 5_000_000))
  full.stop()
  await waiting
})
